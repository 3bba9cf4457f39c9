/**
 * The building blocks of a decoder with gradients written by hand: fewer saved tensors, and products in the
 * precision of the inputs. Suffixes: N rows (tokens), C hidden, F feed-forward, V vocabulary, B blocks,
 * H heads, G key/value heads, S length of a block, K head width, I and O inputs and outputs of a product.
 *
 * @module
 */
import { attr, customGrad, customGradMany, dtypeOf, fused, op, tf } from "@/lib/tensorflow/mod.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

export const matMul = (
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor =>
  op("MatMul", [
    attr.type("T", dtypeOf(a)),
    attr.bool("transpose_a", transposeA),
    attr.bool("transpose_b", transposeB),
  ], [a, b]);

/** x_NI · w_OIᵀ, both in one precision. */
export type MatrixProduct = (x_NI: tf.Tensor, w_OI: tf.Tensor) => tf.Tensor;

export const batchMatMul = (
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor =>
  op("BatchMatMulV2", [
    attr.type("T", dtypeOf(a)),
    attr.bool("adj_x", transposeA),
    attr.bool("adj_y", transposeB),
  ], [a, b]);

/** Tensors beside each other along an axis; a single one is given back as it is. */
export const concat = (tensors: tf.Tensor[], axis: number): tf.Tensor =>
  tensors.length === 1 ? tensors[0] : tf.concat(tensors, axis);

/**
 * Matrices [O, I] of one input below each other, as one matrix in the given precision. The gradients are parts of
 * the whole one's, in its precision.
 */
export function joinWeights(matrices_OI: tf.Tensor[], precision: Precision): tf.Tensor {
  return customGrad((...matrices) => ({
    value: matrices.length === 1
      ? toCompute(matrices[0], precision).clone()
      : tf.concat(matrices.map((w) => toCompute(w, precision)), 0),
    saved: [],
    gradients: (dy) => {
      let at = 0;
      return matrices.map(({ shape: [rows, columns] }) => {
        const begin = at;
        at += rows;
        return () => tf.slice(dy, [begin, 0], [rows, columns!]);
      });
    },
  }))(...matrices_OI);
}

/**
 * x_NI · w_OIᵀ of each part of the rows, all in one precision, gradients too. The gradient of w is one product over
 * all rows.
 */
export const linear = (x_NI: tf.Tensor[], w_OI: tf.Tensor): tf.Tensor[] =>
  customGradMany((...inputs) => {
    const n = x_NI.length;
    return {
      values: inputs.slice(0, n).map((x) => matMul(x, inputs[n], false, true)),
      saved: inputs,
      gradients: (dy, saved) => [
        ...dy.map((dy) => () => matMul(dy, saved[n], false, false)),
        () => matMul(concat(dy, 0), concat(saved.slice(0, n), 0), true, false),
      ],
    };
  })(...x_NI, w_OI);

const addInFp32 = (precision: Precision) =>
  fused("add_rows", (x, y) => [toCompute(tf.add(toFp32(x), toFp32(y)), precision)]);
const sums = { fp32: addInFp32("fp32"), bf16: addInFp32("bf16") };
const biasGradient = fused("bias_grad", (dy) => [tf.sum(toFp32(dy), 0)]);

/** x_NO plus the bias b_O (fp32) in each row, in the precision of the products. */
export const addBias = (x_NO: tf.Tensor, b_O: tf.Tensor, precision: Precision): tf.Tensor =>
  customGrad((x, b) => ({
    value: sums[precision](x, b)[0],
    saved: [],
    gradients: (dy) => [() => dy.clone(), () => biasGradient(dy)[0]],
  }))(x_NO, b_O);

/** The sum of what two blocks computed, all in the precision of the products. */
export const addBlocks = (x_NC: tf.Tensor, y_NC: tf.Tensor, precision: Precision): tf.Tensor =>
  customGrad((x, y) => ({
    value: sums[precision](x, y)[0],
    saved: [],
    gradients: (dy) => [() => dy.clone(), () => dy.clone()],
  }))(x_NC, y_NC);

/** Biases [O] of joined matrices, one behind the other. */
export const joinBiases = (biases: tf.Tensor[]): tf.Tensor =>
  biases.length === 1 ? biases[0] : customGrad((...biases) => ({
    value: tf.concat(biases, 0),
    saved: [],
    gradients: (dy) => {
      let at = 0;
      return biases.map(({ shape: [count] }) => {
        const begin = at;
        at += count;
        return () => tf.slice(dy, [begin], [count]);
      });
    },
  }))(...biases);

/** x_NC (fp32) plus what a block adds to it. */
export const addResidual = (x_NC: tf.Tensor, y_NC: tf.Tensor, precision: Precision): tf.Tensor =>
  customGrad((x, y) => ({
    value: tf.add(x, toFp32(y)),
    saved: [],
    gradients: (dy) => [() => dy.clone(), () => toCompute(dy, precision).clone()],
  }))(x_NC, y_NC);

/** x_NC (fp32) times a number. */
export const scaleRows = (x_NC: tf.Tensor, factor: number): tf.Tensor =>
  customGrad((x) => ({
    value: tf.mul(x, factor),
    saved: [],
    gradients: (dy) => [() => tf.mul(dy, factor)],
  }))(x_NC);

/** Rows of the embedding table, in fp32. */
export const embed = (ids_N: tf.Tensor, table_VC: tf.Tensor): tf.Tensor =>
  customGrad((table) => ({
    value: tf.gather(table, ids_N as tf.Tensor1D),
    saved: [],
    gradients: (dy) => [() => tf.unsortedSegmentSum(dy, ids_N as tf.Tensor1D, table_VC.shape[0])],
  }))(table_VC);

/** Rows `index` of x; every row is used at most once, and `inverse` says where each one went. */
export const permuteRows = (x: tf.Tensor, index: tf.Tensor, inverse: tf.Tensor): tf.Tensor =>
  customGrad((x) => ({
    value: tf.gather(x, index as tf.Tensor1D),
    saved: [],
    gradients: (dy) => [() => tf.gather(dy, inverse as tf.Tensor1D)],
  }))(x);

/**
 * Rows and output projection so that their product has the bias in it: both are one number wider, which is 1 in the
 * rows, and the bias in the projection.
 */
export function withBias(
  h_NC: tf.Tensor,
  head_VC: tf.Tensor,
  b_V: tf.Tensor,
  precision: Precision,
): { h: tf.Tensor; head: tf.Tensor } {
  const [N, C] = h_NC.shape as number[], V = head_VC.shape[0];
  return {
    h: customGrad((h) => ({
      value: tf.concat([h, toCompute(tf.ones([N, 1]), precision)], 1),
      saved: [],
      gradients: (dy) => [() => tf.slice(dy, [0, 0], [N, C])],
    }))(h_NC),
    head: customGrad((head, b) => ({
      value: tf.concat(
        [toCompute(head, precision), toCompute(tf.reshape(b, [V, 1]), precision)],
        1,
      ),
      saved: [],
      gradients: (dy) => [
        () => tf.slice(dy, [0, 0], [V, C]),
        () => tf.reshape(tf.slice(toFp32(dy), [0, C], [V, 1]), [V]),
      ],
    }))(head_VC, b_V),
  };
}

/** Next-token scores h_NC · head_VCᵀ in fp32. */
export const project = (
  h_NC: tf.Tensor,
  head_VC: tf.Tensor,
  precision: Precision,
  product: MatrixProduct = (x, w) => matMul(x, w, false, true),
): tf.Tensor => toFp32(product(toCompute(h_NC, precision), toCompute(head_VC, precision)));
