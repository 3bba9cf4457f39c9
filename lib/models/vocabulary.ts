/**
 * Log-probs of tokens from hidden states, a stretch of rows at a time: the scores of a whole batch over a large
 * vocabulary would need gigabytes. Suffixes as in kernels.ts, and M rows whose next token is scored.
 *
 * @module
 */
import { after, customGradMany, fused, tf, together } from "@/lib/tensorflow/mod.ts";
import { concat, matMul } from "@/lib/models/kernels.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

/** Bytes of scores that are computed at once. */
export const CHUNK_BYTES = 192 * 2 ** 20;
/** Bytes of scores that are kept for the gradient; of larger batches they are computed again. */
export const KEPT_BYTES = 384 * 2 ** 20;

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
/** log Σ p² of each row, [M, 1]: the normaliser of twice the scores, less twice the normaliser. */
const collide = fused("log_collision", (logits, normaliser) => [
  tf.sub(logNormaliser(tf.mul(toFp32(logits), 2)), tf.mul(normaliser, 2)),
]);

/** The largest divisor of n that is at most `limit`. */
function divisorNear(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** One at the target minus the probabilities: the gradient of the log-prob with respect to the scores. */
const residual = (precision: Precision) =>
  fused("token_residual", (logits, normaliser, targets_M1) => {
    const ids = tf.range(0, logits.shape[1]!, 1, "int32");
    const probabilities = tf.exp(tf.sub(toFp32(logits), normaliser));
    const one = tf.cast(tf.equal(ids, targets_M1), "float32");
    return [toCompute(tf.sub(one, probabilities), precision)];
  });
const residuals = { fp32: residual("fp32"), bf16: residual("bf16") };

/** The score of each row's own target, fp32 [M, 1]. */
const pick = (logits_MV: tf.Tensor, targets_M1: tf.Tensor): tf.Tensor =>
  toFp32(tf.gather(logits_MV, targets_M1 as tf.Tensor2D, 1, 1));

/**
 * log p(target) of each row, and where asked for log Σ p², which has no gradient. Scores are in the precision of the
 * products, everything after them fp32.
 *
 * @param h_MC hidden states after the last norm, in the precision of the products
 * @param head_VC output projection, fp32 or in that precision
 * @param targets_M token ids, int32
 * @param collisions whether log Σ p² is wanted
 * @returns fp32 [M], one or two
 */
export function tokenLogps(
  h_MC: tf.Tensor,
  head_VC: tf.Tensor,
  targets_M: tf.Tensor,
  precision: Precision,
  collisions = false,
): tf.Tensor1D[] {
  const [M, C] = h_MC.shape as number[], V = head_VC.shape[0];
  const rowBytes = V * (precision === "bf16" ? 2 : 4);
  const size = Math.min(M, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)));
  const keep = M * rowBytes <= KEPT_BYTES;
  const chunks = Array.from({ length: Math.ceil(M / size) }, (_, i) => ({
    from: i * size,
    count: Math.min(size, M - i * size),
  }));
  type Rows = typeof chunks[number];
  const matrix = (x: tf.Tensor, { from, count }: Rows, width: number) =>
    chunks.length === 1 ? x : tf.slice(x, [from, 0], [count, width]);
  const targetsOf = (targets_M: tf.Tensor, rows: Rows) =>
    matrix(tf.reshape(targets_M, [M, 1]), rows, 1);

  return customGradMany((h, head) => {
    const w = toCompute(head, precision);
    const kept: tf.Tensor[] = [], normalisers: tf.Tensor[] = [], logps: tf.Tensor[] = [];
    const collided: tf.Tensor[] = [];
    for (const rows of chunks) {
      // One chunk after the other: at once they would all be in memory.
      const h_NC = after(matrix(h, rows, C), logps.slice(-1));
      const logits = matMul(h_NC, w, false, true), targets = targetsOf(targets_M, rows);
      const [normaliser] = normalise(logits);
      normalisers.push(normaliser);
      if (keep) kept.push(logits);
      if (collisions) collided.push(collide(logits, normaliser)[0]);
      logps.push(tf.sub(pick(logits, targets), normaliser));
    }
    return {
      values: [logps, collided].filter(({ length }) => length > 0)
        .map((parts) => tf.reshape(concat(parts, 0), [M])),
      saved: [h, head, targets_M, concat(normalisers, 0), ...kept],
      gradients: ([dy], [h, head, targets_M, normaliser, ...kept]) =>
        together(2, () => {
          const w = toCompute(head, precision), dy_M1 = tf.reshape(dy, [M, 1]);
          const dh: tf.Tensor[] = [];
          let dHead: tf.Tensor | undefined;
          chunks.forEach((rows, i) => {
            const h_NC = after(matrix(h, rows, C), [dh.at(-1) ?? dy]);
            const weight = matrix(dy_M1, rows, 1);
            const logits = kept[i] ?? matMul(h_NC, w, false, true);
            const [r] = residuals[precision](
              logits,
              matrix(normaliser, rows, 1),
              targetsOf(targets_M, rows),
            );
            dh.push(
              toCompute(tf.mul(toFp32(matMul(r, w, false, false)), weight), precision).clone(),
            );
            const weighted = toCompute(tf.mul(toFp32(h_NC), weight), precision);
            const part = matMul(r, weighted, true, false);
            dHead = dHead ? tf.add(toFp32(dHead), toFp32(part)) : part;
          });
          return [concat(dh, 0), dHead!];
        }),
    };
  })(h_MC, head_VC) as tf.Tensor1D[];
}
