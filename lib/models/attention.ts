/**
 * Attention, with gradients written by hand. Suffixes as in kernels.ts, and P places (rows of all blocks, one
 * block after the other).
 *
 * @module
 */
import { customGrad, fused, tf, together } from "@/lib/tensorflow/mod.ts";
import { batchMatMul } from "@/lib/models/kernels.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

/** Blocks of one length: B blocks of S places, and who sees whom in them. */
export interface BlockGroup {
  B: number;
  S: number;
  /** Added to the scores: 0 where a query sees a key, very negative where it does not. */
  mask_B11SS: tf.Tensor;
}

/** Numbers of heads and their width. */
export interface HeadShape {
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
}

const softmaxes = {
  fp32: fused("masked_softmax", (scores, mask) => [tf.softmax(tf.add(toFp32(scores), mask))]),
  bf16: fused(
    "masked_softmax",
    (scores, mask) => [toCompute(tf.softmax(tf.add(toFp32(scores), mask)), "bf16")],
  ),
};
const scoreGradient = (p: tf.Tensor, dp: tf.Tensor, dOut: tf.Tensor, out: tf.Tensor) =>
  tf.mul(toFp32(p), tf.sub(toFp32(dp), tf.sum(tf.mul(toFp32(dOut), toFp32(out)), -1, true)));
const scoreGradients = {
  fp32: fused("softmax_grad", (p, dp, dOut, out) => [scoreGradient(p, dp, dOut, out)]),
  bf16: fused(
    "softmax_grad",
    (p, dp, dOut, out) => [toCompute(scoreGradient(p, dp, dOut, out), "bf16")],
  ),
};

/** Probabilities of the keys for each query, [B, G, Q, S]; queries are the group's heads times the mask's rows. */
export function attentionWeights(
  q_BGQK: tf.Tensor,
  k_BGSK: tf.Tensor,
  mask_B11NS: tf.Tensor,
  precision: Precision,
): tf.Tensor {
  const [B, G, Q] = q_BGQK.shape, S = k_BGSK.shape[2]!, N = mask_B11NS.shape[3]!;
  const scores = tf.reshape(batchMatMul(q_BGQK, k_BGSK, false, true), [B, G, Q / N, N, S]);
  return tf.reshape(softmaxes[precision](scores, mask_B11NS)[0], [B, G, Q, S]);
}

/** Queries are taken so many at a time; those of one chunk see no key behind it, which saves almost half. */
const QUERY_CHUNK = 128;

/** One chunk of queries of a group, with the keys that they may see. */
interface Chunk {
  from: number;
  to: number;
}

function chunksOf(S: number): Chunk[] {
  const count = Math.ceil(S / QUERY_CHUNK);
  return Array.from({ length: count }, (_, i) => ({
    from: i * QUERY_CHUNK,
    to: Math.min(S, (i + 1) * QUERY_CHUNK),
  }));
}

/**
 * Causal attention within the blocks of each group.
 *
 * @param q_PHK queries of all places, scaled by 1/√K
 * @param k_PGK keys
 * @param v_PGK values
 * @returns the mix of values [P, H·K]
 */
export function blockAttention(
  q_PHK: tf.Tensor,
  k_PGK: tf.Tensor,
  v_PGK: tf.Tensor,
  groups: BlockGroup[],
  { num_attention_heads: H, num_key_value_heads: G, head_dim: K }: HeadShape,
  precision: Precision,
): tf.Tensor {
  const parts = groups.map((group, i) => ({
    ...group,
    start: groups.slice(0, i).reduce((n, g) => n + g.B * g.S, 0),
    chunks: chunksOf(group.S),
  }));
  type Part = typeof parts[number];
  /** Places of one group as [B, heads, S, K]. */
  const toHeads = (x: tf.Tensor, { start, B, S }: Part, heads: number) =>
    tf.transpose(
      tf.reshape(sliceRows(tf.reshape(x, [-1, heads * K]), start, B * S), [B, S, heads, K]),
      [0, 2, 1, 3],
    );
  /** And back: [B·S, heads·K]. */
  const toPlaces = (x: tf.Tensor, { B, S }: Part, heads: number) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, heads, S, K]), [0, 2, 1, 3]), [B * S, heads * K]);
  /** Queries (or what is shaped like them) of one chunk, [B, G, (H/G)·n, K]. */
  const queries = (x_BHSK: tf.Tensor, { B, S }: Part, { from, to }: Chunk) =>
    tf.reshape(
      sliceAxis(tf.reshape(x_BHSK, [B, G, H / G, S, K]), 3, from, to),
      [B, G, (H / G) * (to - from), K],
    );
  const joinQueries = (chunks: tf.Tensor[], { B, chunks: bounds }: Part) =>
    concat(chunks.map((x, i) => tf.reshape(x, [B, G, H / G, bounds[i].to - bounds[i].from, K])), 3);
  const keys = (x_BGSK: tf.Tensor, { to }: Chunk) => sliceAxis(x_BGSK, 2, 0, to);

  return customGrad((q_PHK, k_PGK, v_PGK) => {
    const saved: tf.Tensor[] = [];
    const outputs = parts.map((part) => {
      const q = toHeads(q_PHK, part, H), k = toHeads(k_PGK, part, G), v = toHeads(v_PGK, part, G);
      const weights: tf.Tensor[] = [], mixed: tf.Tensor[] = [];
      for (const chunk of part.chunks) {
        const mask = sliceAxis(sliceAxis(part.mask_B11SS, 3, chunk.from, chunk.to), 4, 0, chunk.to);
        const p = attentionWeights(queries(q, part, chunk), keys(k, chunk), mask, precision);
        weights.push(p);
        mixed.push(batchMatMul(p, keys(v, chunk), false, false));
      }
      saved.push(q, k, v, ...weights, ...mixed);
      return toPlaces(joinQueries(mixed, part), part, H);
    });
    return {
      value: concat(outputs, 0),
      saved,
      gradients: (dy, saved) =>
        together(3, () => {
          const d = toCompute(dy, precision);
          let at = 0;
          const gradients = parts.map((part) => {
            const [q, k, v] = saved.slice(at, at + 3), n = part.chunks.length;
            const weights = saved.slice(at + 3, at + 3 + n),
              mixed = saved.slice(at + 3 + n, at + 3 + 2 * n);
            at += 3 + 2 * n;
            const dOut = toHeads(d, part, H);
            const dq: tf.Tensor[] = [], dk: tf.Tensor[] = [], dv: tf.Tensor[] = [];
            part.chunks.forEach((chunk, i) => {
              const dMixed = queries(dOut, part, chunk), p = weights[i];
              const dp = batchMatMul(dMixed, keys(v, chunk), false, true);
              const [dScores] = scoreGradients[precision](p, dp, dMixed, mixed[i]);
              dq.push(batchMatMul(dScores, keys(k, chunk), false, false));
              dk.push(batchMatMul(dScores, queries(q, part, chunk), true, false));
              dv.push(batchMatMul(p, dMixed, true, false));
            });
            const sum = (chunks: tf.Tensor[]) => toCompute(sumPadded(chunks, part.S), precision);
            return [
              toPlaces(joinQueries(dq, part), part, H),
              toPlaces(sum(dk), part, G),
              toPlaces(sum(dv), part, G),
            ];
          });
          return [H, G, G].map((heads, i) =>
            tf.reshape(concat(gradients.map((g) => g[i]), 0), [-1, heads, K])
          );
        }),
    };
  })(q_PHK, k_PGK, v_PGK);
}

const concat = (tensors: tf.Tensor[], axis: number) =>
  tensors.length === 1 ? tensors[0] : tf.concat(tensors, axis);

/** Entries from … to − 1 of one axis; the tensor itself where that is all. */
function sliceAxis(x: tf.Tensor, axis: number, from: number, to: number): tf.Tensor {
  if (from === 0 && to === x.shape[axis]) return x;
  const begin = x.shape.map((_, i) => i === axis ? from : 0);
  const size = x.shape.map((n, i) => i === axis ? to - from : n);
  return tf.slice(x, begin, size);
}
const sliceRows = (x: tf.Tensor, start: number, count: number) =>
  sliceAxis(x, 0, start, start + count);

/** Sum in fp32 of tensors [B, G, n, K] of growing n, zeros behind them up to S. */
function sumPadded(chunks: tf.Tensor[], S: number): tf.Tensor {
  if (chunks.length === 1) return chunks[0];
  return tf.addN(
    chunks.map((x) => tf.pad(toFp32(x), [[0, 0], [0, 0], [0, S - x.shape[2]!], [0, 0]])),
  );
}
