/**
 * Log-probs of tokens from hidden states, a stretch of rows at a time: the scores of a whole batch over a large
 * vocabulary would need gigabytes. Suffixes as in kernels.ts, and M rows whose next token is scored.
 *
 * @module
 */
import { after, customGradMany, fused, tf, together } from "@/lib/tensorflow/mod.ts";
import { concat, matMul } from "@/lib/models/kernels.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";
import type { TensorShare } from "@/lib/models/tensor-share.ts";

/** Bytes of scores that are computed at once, by each of {@link LANES}. */
export const CHUNK_BYTES = 24 * 2 ** 20;
/** Bytes of scores that are kept for the gradient; of larger batches they are computed again. */
export const KEPT_BYTES = 64 * 2 ** 20;
/** So many chunks are computed beside each other. */
export const LANES = 2;

/**
 * The log of each row's normaliser, [M, 1]. Sums in stretches of the row: one running sum over a whole vocabulary
 * would lose digits.
 */
const logNormaliser = (logits_MV: tf.Tensor): tf.Tensor => {
  const [M, V] = logits_MV.shape as number[], stretch = divisorNear(V, 128);
  const x = tf.reshape(toFp32(logits_MV), [M, V / stretch, stretch]);
  const largest = tf.reshape(tf.max(tf.max(x, 1), -1), [M, 1, 1]);
  const sum = tf.sum(tf.sum(tf.exp(tf.sub(x, largest)), 1), -1);
  return tf.add(tf.reshape(tf.log(sum), [M, 1]), tf.reshape(largest, [M, 1]));
};
const normalise = fused("log_normaliser", (logits) => [logNormaliser(logits)]);
/** log Σ exp(2x), of which twice the normaliser is to be taken for log Σ p². */
const normaliseTwice = fused(
  "log_collision",
  (logits) => [logNormaliser(tf.mul(toFp32(logits), 2))],
);

/** The largest divisor of n that is at most `limit`. */
function divisorNear(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/**
 * One at the target minus the probabilities: the gradient of the log-prob with respect to the scores.
 *
 * With a cap: with respect to the scores before it.
 *
 * @param targets_M1 numbers of the targets among these scores; others are no target here
 * @param cap none, or one number
 */
const residual = (precision: Precision) =>
  fused("token_residual", (logits, normaliser, targets_M1, ...cap) => {
    const ids = tf.range(0, logits.shape[1]!, 1, "int32");
    const probabilities = tf.exp(tf.sub(toFp32(logits), normaliser));
    const one = tf.cast(tf.equal(ids, targets_M1), "float32");
    const slopes = cap.map((cap) => tf.sub(1, tf.square(tf.div(toFp32(logits), cap))));
    const found = slopes.reduce((r, slope) => tf.mul(r, slope), tf.sub(one, probabilities));
    return [toCompute(found, precision)];
  });
const residuals = { fp32: residual("fp32"), bf16: residual("bf16") };

const capKernel = (precision: Precision) =>
  fused("cap_logits", (logits, cap) => [
    toCompute(tf.mul(tf.tanh(tf.div(toFp32(logits), cap)), cap), precision),
  ]);
const caps = { fp32: capKernel("fp32"), bf16: capKernel("bf16") };

/** Scores held below a cap, cap·tanh(score/cap), in their precision; without one as they are. */
export const capLogits = (
  logits: tf.Tensor,
  cap: number | undefined,
  precision: Precision,
): tf.Tensor => cap === undefined ? logits : caps[precision](logits, tf.scalar(cap))[0];

/** A stretch of the vocabulary. */
interface Chunk {
  from: number;
  count: number;
}

/** Stretches of multiples of 128 tokens, of which none but the last is shorter than the others. */
function chunksOf(V: number, rowBytes: number): Chunk[] {
  const least = Math.max(LANES, Math.ceil(rowBytes / CHUNK_BYTES));
  const count = Math.min(V, 128 * Math.ceil(V / least / 128));
  return Array.from({ length: Math.ceil(V / count) }, (_, i) => ({
    from: i * count,
    count: Math.min(count, V - i * count),
  }));
}

/** The score of each row's target, fp32 [M, 1]; zero where the target is in another stretch. */
function pick(logits_MV: tf.Tensor, targets_M1: tf.Tensor): tf.Tensor {
  const last = logits_MV.shape[1]! - 1;
  const nearest = tf.clipByValue(targets_M1, 0, last);
  const score = toFp32(tf.gather(logits_MV, tf.cast(nearest, "int32") as tf.Tensor2D, 1, 1));
  return tf.where(tf.equal(nearest, targets_M1), score, tf.zerosLike(score));
}

/**
 * Of all processes' tokens what each has of its own: the target's score, which is 0 where it is another's, and logs of
 * sums, each [M, 1].
 */
function overAll(parts: tf.Tensor[], share: TensorShare): tf.Tensor[] {
  const all_PMI = share.gather(tf.concat(parts, 1));
  return tf.unstack(all_PMI, 2).map((x_PM, i) =>
    i === 0 ? tf.reshape(tf.sum(x_PM, 0), [-1, 1]) : normalise(tf.transpose(x_PM))[0]
  );
}

/**
 * log p(target) of each row, and where asked for log Σ p², which has no gradient. Scores are in the precision of the
 * products, everything after them fp32.
 *
 * @param h_MC hidden states after the last norm, in the precision of the products
 * @param head_VC output projection, fp32 or in that precision
 * @param targets_M token ids, int32
 * @param collisions whether log Σ p² is wanted
 * @param share where other processes have the other tokens' rows of the projection; the gradient of `h_MC` then is this
 *   one's part
 * @param cap see {@link capLogits}
 * @returns fp32 [M], one or two
 */
export function tokenLogps(
  h_MC: tf.Tensor,
  head_VC: tf.Tensor,
  targets_M: tf.Tensor,
  precision: Precision,
  collisions = false,
  { share = null, cap }: { share?: TensorShare | null; cap?: number } = {},
): tf.Tensor1D[] {
  const [M, C] = h_MC.shape as number[], V = head_VC.shape[0];
  const elementBytes = precision === "bf16" ? 2 : 4;
  const chunks = chunksOf(V, M * V * elementBytes);
  const keep = M * V * elementBytes <= KEPT_BYTES;
  const rowsOf = (matrix: tf.Tensor, { from, count }: Chunk) =>
    tf.slice(matrix, [from, 0], [count, C]);
  const within = (targets_M: tf.Tensor, { from }: Chunk) =>
    tf.sub(tf.reshape(targets_M, [M, 1]), tf.scalar((share?.firstToken ?? 0) + from, "int32"));
  const scored = (h: tf.Tensor, part: tf.Tensor) =>
    capLogits(matMul(h, part, false, true), cap, precision);
  /** `h` for the chunk after those in `done`: more than {@link LANES} at once would all be in memory. */
  const next = (h: tf.Tensor, done: tf.Tensor[]) => {
    const before = done.at(-LANES);
    return before ? after(h, [before]) : h;
  };

  return customGradMany((h, head) => {
    const w = toCompute(head, precision);
    const kept: tf.Tensor[] = [], normalisers: tf.Tensor[] = [];
    const picked: tf.Tensor[] = [], doubled: tf.Tensor[] = [];
    for (const chunk of chunks) {
      const logits = scored(next(h, normalisers), rowsOf(w, chunk));
      normalisers.push(normalise(logits)[0]);
      picked.push(pick(logits, within(targets_M, chunk)));
      if (collisions) doubled.push(normaliseTwice(logits)[0]);
      if (keep) kept.push(logits);
    }
    const parts = [picked.reduce((a, b) => tf.add(a, b)), normalise(concat(normalisers, 1))[0]];
    if (collisions) parts.push(normalise(concat(doubled, 1))[0]);
    const [score, normaliser, collision] = share ? overAll(parts, share) : parts;
    const values = [tf.sub(score, normaliser)];
    if (collisions) values.push(tf.sub(collision, tf.mul(normaliser, 2)));
    return {
      values: values.map((value) => tf.reshape(value, [M])),
      saved: [h, head, targets_M, normaliser, ...kept],
      gradients: ([dy], [h, head, targets_M, normaliser, ...kept]) =>
        together(2, () => {
          const w = toCompute(head, precision), dy_M1 = tf.reshape(dy, [M, 1]);
          const weighted = toCompute(tf.mul(toFp32(h), dy_M1), precision);
          const dh: tf.Tensor[] = [], dHead: tf.Tensor[] = [];
          chunks.forEach((chunk, i) => {
            const part = rowsOf(w, chunk);
            const logits = kept[i] ?? scored(next(h, dHead), part);
            const [r] = residuals[precision](
              logits,
              normaliser,
              within(targets_M, chunk),
              ...(cap === undefined ? [] : [tf.scalar(cap)]),
            );
            dh.push(toFp32(matMul(r, part, false, false)));
            dHead.push(matMul(r, weighted, true, false));
          });
          const sum = dh.reduce((a, b) => tf.add(a, b));
          return [toCompute(tf.mul(sum, dy_M1), precision).clone(), concat(dHead, 0)];
        }),
    };
  })(h_MC, head_VC) as tf.Tensor1D[];
}
