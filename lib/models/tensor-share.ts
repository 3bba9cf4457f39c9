/**
 * Matrices of which every process has a part: some heads, some columns of the feed-forward block, some tokens.
 * Suffixes as in kernels.ts.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";

/** How the processes come to one result. `enter` and `leave` are f and g of Shoeybi et al. 2019 (arXiv 1909.08053). */
export interface TensorShare {
  /** Which of how many processes this one is: of what is divided evenly it has the part of that number. */
  rank: number;
  world: number;
  /**
   * Parts of what a block's first product is given, as they are; their gradient is the sum of all processes'. Sums are
   * made in fp32 whatever the type of what is summed.
   */
  enter(x_NC: tf.Tensor[]): tf.Tensor[];
  /** The sum of what all processes' last product gives, in parts; its gradient is handed on as it is. */
  leave(y_NC: tf.Tensor[]): tf.Tensor[];
  /** What all processes have, one below the other, [processes, …]. Has no gradient. */
  gather(x: tf.Tensor): tf.Tensor;
  /** The token of the first row of this process's embedding table and output projection. */
  firstToken: number;
}

/**
 * Tokens as rows of this process's table.
 *
 * @param count rows of the table
 * @returns of each token its row, any one where it is another process's, and 1 or then 0, fp32 [N, 1]
 */
export function ownRows(
  ids_N: tf.Tensor,
  firstToken: number,
  count: number,
): { rows_N: tf.Tensor; own_N1: tf.Tensor } {
  const rows = tf.sub(ids_N, tf.scalar(firstToken, "int32"));
  const nearest = tf.cast(tf.clipByValue(rows, 0, count - 1), "int32");
  return {
    rows_N: nearest,
    own_N1: tf.reshape(tf.cast(tf.equal(rows, nearest), "float32"), [-1, 1]),
  };
}
