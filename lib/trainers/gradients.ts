/**
 * Sums and norms of gradients.
 *
 * @module
 */
import { attr, DataType, fused, jit, op, tf } from "@/lib/tensorflow/mod.ts";
import { toFp32 } from "@/lib/models/precision.ts";
import { ownRows, type TensorShare } from "@/lib/models/tensor-share.ts";
import { EMBEDDING, embeddingTable, type Weights } from "@/lib/models/weights.ts";

/** Eighths of the squares are added up before they are summed in 64 columns: XLA takes half the time for it. */
const squareSums = fused("square_sums", (g) => {
  const squares = tf.square(tf.reshape(toFp32(g), [-1]));
  if (g.size % (8 * 64) !== 0) return [tf.sum(squares)];
  const eighths = tf.split(squares, 8).reduce((a, b) => tf.add(a, b));
  return [tf.sum(tf.reshape(eighths, [-1, 64]), 0)];
});

/** Norm of all gradients together, in fp32 whatever their type: a scalar. */
export const globalNorm = jit(
  (gradients: tf.Tensor[]) => tf.sqrt(tf.addN(gradients.map((g) => tf.sum(squareSums(g)[0])))),
  { name: "global_norm" },
);

const addTwo = fused("accumulate", (a, b) => [tf.add(toFp32(a), toFp32(b))]);

/** Adds the second gradients to the first ones in fp32, one tensor at a time; both are used up. */
export function accumulate(sums: Weights, gradients: Weights): Weights {
  for (const name of Object.keys(sums)) {
    const [sum] = addTwo(sums[name], gradients[name]);
    tf.dispose([sums[name], gradients[name]]);
    sums[name] = sum;
  }
  return sums;
}

/**
 * Adds the gradient of the looked-up rows to that of the embedding table, which may be the output projection's
 * already: in place, where the usual way makes and adds whole tables.
 *
 * @param share where other processes have the rows of other tokens
 */
export function withEmbeddingGradient(
  gradients: Weights,
  weights: Weights,
  ids_N: tf.Tensor,
  rows_NC: tf.Tensor,
  share: TensorShare | null,
): void {
  const table = gradients[EMBEDDING]
    ? toFp32(gradients[EMBEDDING])
    : tf.zerosLike(embeddingTable(weights));
  const own = share && ownRows(ids_N, share.firstToken, table.shape[0]);
  gradients[EMBEDDING] = op("TensorScatterAdd", [
    attr.type("T", DataType.float32),
    attr.type("Tindices", DataType.int32),
  ], [
    table,
    tf.reshape(own ? own.rows_N : ids_N, [-1, 1]),
    own ? tf.mul(rows_NC, own.own_N1) : rows_NC,
  ]);
}
