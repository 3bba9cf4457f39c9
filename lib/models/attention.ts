/**
 * Attention, with gradients written by hand. Suffixes as in kernels.ts, and P places (rows of all blocks, one
 * block after the other), Q = H·K the width of the result.
 *
 * @module
 */
import { customGrad, DataType, dtypeOf, fused, tf } from "@/lib/tensorflow/mod.ts";
import {
  blockHeads,
  type Chunk,
  chunkGradients,
  type HeadShape,
  joinedGradient,
} from "@/lib/models/heads.ts";
import { batchMatMul, concat } from "@/lib/models/kernels.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";
import type { RopeTables } from "@/lib/models/rope.ts";

/** Blocks of one length: B blocks of S places, and who sees whom in them. */
export interface BlockGroup {
  B: number;
  S: number;
  /** Rotary angles of the places. */
  tables: RopeTables;
  /**
   * For the queries of each chunk, [B, 1, 1, n, keys]: 0 where a query sees a key, very negative where it does not.
   * Keys behind the chunk are seen by none of them.
   */
  masks: tf.Tensor[];
}

/** Scores held below a cap. */
const capped = (scores: tf.Tensor, cap: number | undefined): tf.Tensor =>
  cap === undefined ? toFp32(scores) : tf.mul(tf.tanh(tf.div(toFp32(scores), cap)), cap);

const softmaxKernels = new Map<string, ReturnType<typeof fused>>();
function softmaxOf(precision: Precision, cap: number | undefined): ReturnType<typeof fused> {
  const key = `${precision} ${cap}`;
  let kernel = softmaxKernels.get(key);
  if (!kernel) {
    kernel = fused(
      "masked_softmax",
      (scores, mask) => [toCompute(tf.softmax(tf.add(capped(scores, cap), mask)), precision)],
    );
    softmaxKernels.set(key, kernel);
  }
  return kernel;
}
const scoreGradient = (p: tf.Tensor, dp: tf.Tensor, dOut: tf.Tensor, out: tf.Tensor) =>
  tf.mul(toFp32(p), tf.sub(toFp32(dp), tf.sum(tf.mul(toFp32(dOut), toFp32(out)), -1, true)));
const scoreGradients = {
  fp32: fused("softmax_grad", (p, dp, dOut, out) => [scoreGradient(p, dp, dOut, out)]),
  bf16: fused(
    "softmax_grad",
    (p, dp, dOut, out) => [toCompute(scoreGradient(p, dp, dOut, out), "bf16")],
  ),
};

/** The gradient of scores before their cap, from that behind it. */
const capGradient = fused("cap_grad", (dScores, scores, cap) => {
  const tanh = tf.tanh(tf.div(toFp32(scores), cap));
  const d = tf.mul(toFp32(dScores), tf.sub(1, tf.square(tanh)));
  return [dtypeOf(scores) === DataType.float32 ? d : toCompute(d, "bf16")];
});

/** Probabilities of the keys for each query, [B, G, Q, S]; queries are the group's heads times the mask's rows. */
export function attentionWeights(
  q_BGQK: tf.Tensor,
  k_BGSK: tf.Tensor,
  mask_B11NS: tf.Tensor,
  precision: Precision,
  cap: number | undefined,
): tf.Tensor {
  const [B, G, Q] = q_BGQK.shape, S = k_BGSK.shape[2]!, N = mask_B11NS.shape[3]!;
  const scores = tf.reshape(batchMatMul(q_BGQK, k_BGSK, false, true), [B, G, Q / N, N, S]);
  return tf.reshape(softmaxOf(precision, cap)(scores, mask_B11NS)[0], [B, G, Q, S]);
}

/** Queries are taken so many at a time; those of one chunk see no key behind it, which saves almost half. */
const QUERY_CHUNK = 128;

/** The stretches of queries of a block. */
export const chunksOf = (S: number): Chunk[] =>
  Array.from({ length: Math.ceil(S / QUERY_CHUNK) }, (_, i) => ({
    from: i * QUERY_CHUNK,
    to: Math.min(S, (i + 1) * QUERY_CHUNK),
  }));

/**
 * Causal attention within the blocks of each group.
 *
 * @param qkv_PA queries, keys and values of all places beside each other, before their rotation
 * @returns the mix of values [P, Q]
 */
export function blockAttention(
  qkv_PA: tf.Tensor,
  groups: BlockGroup[],
  shape: HeadShape,
  precision: Precision,
): tf.Tensor {
  const cap = shape.differences?.attentionCap;
  let end = 0;
  const placed = groups.map((group) => ({
    ...group,
    chunks: chunksOf(group.S),
    start: end,
    end: end += group.B * group.S,
  }));
  const keys = (x_BGSK: tf.Tensor, { to }: Chunk) => sliceAxis(x_BGSK, 2, 0, to);
  const rows = (x: tf.Tensor, { start, end }: { start: number; end: number }) =>
    sliceAxis(x, 0, start, end);

  return customGrad((qkv_PA) => {
    const saved: tf.Tensor[] = [];
    const outputs = placed.map((group) => {
      const { tables, chunks, masks } = group;
      const heads = blockHeads(rows(qkv_PA, group), tables, chunks, shape, precision);
      const [k, v] = heads.slice(-2);
      const weights = chunks.map((chunk, i) =>
        attentionWeights(heads[i], keys(k, chunk), masks[i], precision, cap)
      );
      const mixed = chunks.map((chunk, i) => batchMatMul(weights[i], keys(v, chunk), false, false));
      saved.push(...heads, ...weights, ...mixed);
      return toPlaces(mixed, chunks, shape);
    });
    return {
      value: concat(outputs, 0),
      saved,
      gradients: (dy, saved) => [() => {
        let at = 0;
        const take = (count: number) => saved.slice(at, at += count);
        return concat(
          placed.map((group) => {
            const { tables, chunks } = group, n = chunks.length;
            const q = take(n), [k, v] = take(2), weights = take(n), mixed = take(n);
            const dMixed = chunkGradients(rows(dy, group), chunks, shape);
            const dScores = chunks.map((chunk, i) => {
              const dWeights = batchMatMul(dMixed[i], keys(v, chunk), false, true);
              const [d] = scoreGradients[precision](weights[i], dWeights, dMixed[i], mixed[i]);
              if (cap === undefined) return d;
              const scores = batchMatMul(q[i], keys(k, chunk), false, true);
              return capGradient(d, scores, tf.scalar(cap))[0];
            });
            return joinedGradient(
              chunks.map((chunk, i) => batchMatMul(dScores[i], keys(k, chunk), false, false)),
              chunks.map((_, i) => batchMatMul(dScores[i], q[i], true, false)),
              chunks.map((_, i) => batchMatMul(weights[i], dMixed[i], true, false)),
              tables,
              chunks,
              shape,
              precision,
            );
          }),
          0,
        );
      }],
    };
  })(qkv_PA);
}

/** Results of the chunks, [B, G, (H/G)·n, K] each, as places [B·S, H·K]. */
function toPlaces(mixed: tf.Tensor[], chunks: Chunk[], shape: HeadShape): tf.Tensor {
  const { num_attention_heads: H, head_dim: K } = shape, B = mixed[0].shape[0];
  const byPlace = mixed.map((x, i) =>
    tf.transpose(tf.reshape(x, [B, H, chunks[i].to - chunks[i].from, K]), [0, 2, 1, 3])
  );
  return tf.reshape(concat(byPlace, 1), [-1, H * K]);
}

/** Entries from … to − 1 of one axis; the tensor itself where that is all. */
function sliceAxis(x: tf.Tensor, axis: number, from: number, to: number): tf.Tensor {
  if (from === 0 && to === x.shape[axis]) return x;
  const begin = x.shape.map((_, i) => i === axis ? from : 0);
  const size = x.shape.map((n, i) => i === axis ? to - from : n);
  return tf.slice(x, begin, size);
}
