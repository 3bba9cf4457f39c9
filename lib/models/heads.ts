/**
 * From rows of joined queries, keys and values to heads with rotary positions, and back. Suffixes as in kernels.ts,
 * and A = (H + 2G)·K, the width of joined queries, keys and values.
 *
 * @module
 */
import { fused, tf } from "@/lib/tensorflow/mod.ts";
import { type DecoderConfig, rotaryDim } from "@/lib/models/config.ts";
import type { RopeTables } from "@/lib/models/rope.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

/** A stretch of queries: places `from` to `to` − 1 of a block. */
export interface Chunk {
  from: number;
  to: number;
}

/** Numbers of heads and their width, how much of it is rotated, and what queries are divided by. */
export type HeadShape = Pick<
  DecoderConfig,
  "num_attention_heads" | "num_key_value_heads" | "head_dim" | "differences"
>;

/** Rotates the two halves of each head's first numbers by the position's angles; `sign` −1 rotates back. */
const rotate = (
  x_NHK: tf.Tensor,
  { cos, sin }: RopeTables,
  sign: 1 | -1,
  shape: HeadShape,
): tf.Tensor => {
  const R = rotaryDim(shape), rest = shape.head_dim - R;
  if (R === 0) return toFp32(x_NHK);
  const [first, second, ...kept] = rest === 0
    ? tf.split(toFp32(x_NHK), 2, -1)
    : tf.split(toFp32(x_NHK), [R / 2, R / 2, rest], -1);
  const s = sign === 1 ? sin : tf.neg(sin);
  return tf.concat([
    tf.sub(tf.mul(first, cos), tf.mul(second, s)),
    tf.add(tf.mul(second, cos), tf.mul(first, s)),
    ...kept,
  ], -1);
};

/** Queries are multiplied by it. */
const queryFactor = ({ head_dim, differences }: HeadShape): number =>
  1 / Math.sqrt(differences?.queryScalar ?? head_dim);

const kernels = new Map<string, ReturnType<typeof fused>>();
function kernel(key: string, make: () => ReturnType<typeof fused>): ReturnType<typeof fused> {
  let made = kernels.get(key);
  if (!made) kernels.set(key, made = make());
  return made;
}
const keyOf = (shape: HeadShape) =>
  `${shape.num_attention_heads} ${shape.num_key_value_heads} ${shape.head_dim} ${
    rotaryDim(shape)
  } ${queryFactor(shape)}`;
const chunksKey = (chunks: Chunk[]) => chunks.map(({ from, to }) => `${from}-${to}`).join();

/**
 * Queries, keys and values of rows, [N, H, K], [N, G, K] and [N, G, K]; queries and keys are rotated, queries
 * scaled (by 1/√K, if not said otherwise).
 */
export function rotatedHeads(
  qkv_NA: tf.Tensor,
  tables: RopeTables,
  shape: HeadShape,
  precision: Precision,
): tf.Tensor[] {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = shape;
  return kernel(`rows ${keyOf(shape)} ${precision}`, () =>
    fused("rotated_heads", (x, cos, sin) => {
      const [q, k, v] = heads(x, shape);
      const tables = { cos, sin };
      return [
        toCompute(tf.mul(rotate(q, tables, 1, shape), queryFactor(shape)), precision),
        toCompute(rotate(k, tables, 1, shape), precision),
        v,
      ].map((t, i) => tf.reshape(t, [-1, i === 0 ? H : G, K]));
    }))(qkv_NA, tables.cos, tables.sin);
}

const heads = (
  x_NA: tf.Tensor,
  { num_attention_heads: H, num_key_value_heads: G, head_dim: K }: HeadShape,
) =>
  tf.split(x_NA, [H * K, G * K, G * K], 1).map((t, i) => tf.reshape(t, [-1, i === 0 ? H : G, K]));

/** Queries of one chunk with the heads of a group together: [B, G, (H/G)·n, K] of [B, S, H, K]. */
function chunkOf(x_BSHK: tf.Tensor, { from, to }: Chunk, G: number): tf.Tensor {
  const [B, , H, K] = x_BSHK.shape as number[];
  const x = tf.transpose(tf.slice(x_BSHK, [0, from, 0, 0], [B, to - from, H, K]), [0, 2, 1, 3]);
  return tf.reshape(x, [B, G, (H / G) * (to - from), K]);
}

/**
 * The heads of B blocks of S places: queries of each chunk [B, G, (H/G)·n, K], then keys and values [B, G, S, K].
 * Queries and keys are rotated, queries scaled.
 */
export function blockHeads(
  qkv_PA: tf.Tensor,
  tables: RopeTables,
  chunks: Chunk[],
  shape: HeadShape,
  precision: Precision,
): tf.Tensor[] {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = shape;
  const S = chunks.at(-1)!.to;
  return kernel(
    `blocks ${keyOf(shape)} ${precision} ${chunksKey(chunks)}`,
    () =>
      fused("block_heads", (x, cos, sin) => {
        const [q, k, v] = heads(x, shape), tables = { cos, sin };
        const q_BSHK = tf.reshape(tf.mul(rotate(q, tables, 1, shape), queryFactor(shape)), [
          -1,
          S,
          H,
          K,
        ]);
        const byHead = (t: tf.Tensor) =>
          toCompute(tf.transpose(tf.reshape(t, [-1, S, G, K]), [0, 2, 1, 3]), precision).clone();
        return [
          ...chunks.map((chunk) => toCompute(chunkOf(q_BSHK, chunk, G), precision)),
          byHead(rotate(k, tables, 1, shape)),
          byHead(v),
        ];
      }),
  )(qkv_PA, tables.cos, tables.sin);
}

/** The gradient of each chunk's result, [B, G, (H/G)·n, K], from that of all places [P, H·K]. */
export function chunkGradients(dy_PQ: tf.Tensor, chunks: Chunk[], shape: HeadShape): tf.Tensor[] {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = shape;
  const S = chunks.at(-1)!.to;
  return kernel(
    `chunks ${keyOf(shape)} ${chunksKey(chunks)}`,
    () =>
      fused("chunk_gradients", (dy) => {
        const dy_BSHK = tf.reshape(dy, [-1, S, H, K]);
        return chunks.map((chunk) => chunkOf(dy_BSHK, chunk, G));
      }),
  )(dy_PQ);
}

/**
 * The gradient of joined queries, keys and values [P, A] from those of {@link blockHeads}.
 *
 * @param dq of each chunk, [B, G, (H/G)·n, K]
 * @param dk of the keys that each chunk sees, [B, G, to, K]; chunks add up
 * @param dv the same for values
 */
export function joinedGradient(
  dq: tf.Tensor[],
  dk: tf.Tensor[],
  dv: tf.Tensor[],
  tables: RopeTables,
  chunks: Chunk[],
  shape: HeadShape,
  precision: Precision,
): tf.Tensor {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = shape;
  const S = chunks.at(-1)!.to, n = chunks.length, B = dq[0].shape[0];
  // Chunks beside each other before the kernel: XLA joins inside a kernel by asking at every element.
  const dq_BHSK = n === 1 ? dq[0] : tf.concat(
    dq.map((t, i) => tf.reshape(t, [B, H, chunks[i].to - chunks[i].from, K])),
    2,
  );
  const parts = kernel(
    `joined ${keyOf(shape)} ${precision} ${chunksKey(chunks)}`,
    () =>
      fused("joined_gradient", (dq, cos, sin, ...rest) => {
        const tables = { cos, sin };
        const rows = (t: tf.Tensor, count: number) =>
          tf.reshape(tf.transpose(tf.reshape(t, [-1, count, S, K]), [0, 2, 1, 3]), [-1, count, K]);
        const sum = (parts: tf.Tensor[]) =>
          parts.map((t) => tf.pad(toFp32(t), [[0, 0], [0, 0], [0, S - t.shape[2]!], [0, 0]]))
            .reduce((a, b) => tf.add(a, b));
        return [
          tf.mul(rotate(rows(dq, H), tables, -1, shape), queryFactor(shape)),
          rotate(rows(sum(rest.slice(0, n)), G), tables, -1, shape),
          rows(sum(rest.slice(n)), G),
        ].map((t, i) => toCompute(tf.reshape(t, [-1, (i === 0 ? H : G) * K]), precision));
      }),
  )(dq_BHSK, tables.cos, tables.sin, ...dk, ...dv);
  return tf.concat(parts, 1);
}
