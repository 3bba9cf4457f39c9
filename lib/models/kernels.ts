/**
 * The building blocks of a decoder with gradients written by hand: fewer saved tensors, and products in the
 * precision of the inputs. Suffixes: N rows (tokens), C hidden, F feed-forward, V vocabulary, B blocks,
 * H heads, G key/value heads, S length of a block, K head width, I and O inputs and outputs of a product.
 *
 * @module
 */
import {
  attr,
  customGrad,
  customGradMany,
  dtypeOf,
  fused,
  op,
  tf,
  together,
} from "@/lib/tensorflow/mod.ts";
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

/** Sums along the last axis of a matrix, [N, 1]; as a product, which XLA computes faster than a reduction. */
const rowSums = (x_NC: tf.Tensor): tf.Tensor =>
  tf.matMul(x_NC as tf.Tensor2D, tf.ones([x_NC.shape[1]!, 1]));
const inverseRms = (x_NC: tf.Tensor, epsilon: number): tf.Tensor =>
  tf.rsqrt(tf.add(tf.div(rowSums(tf.square(x_NC)), x_NC.shape[1]!), epsilon));

interface NormKernels {
  forward: ReturnType<typeof fused>;
  addForward: ReturnType<typeof fused>;
  backward: ReturnType<typeof fused>;
  addBackward: ReturnType<typeof fused>;
}
const norms = new Map<string, NormKernels>();

/** @param frozen the backward kernels leave out the gradient of w, their last result */
function normKernels(epsilon: number, precision: Precision, frozen: boolean): NormKernels {
  const key = `${epsilon} ${precision} ${frozen}`;
  let kernels = norms.get(key);
  if (!kernels) {
    const normed = (x: tf.Tensor, w: tf.Tensor) => {
      const r = inverseRms(x, epsilon);
      return [toCompute(tf.mul(tf.mul(x, r), w), precision), r];
    };
    /** Gradients with respect to x and w; `r` is 1/rms(x). */
    const gradients = (dh: tf.Tensor, x: tf.Tensor, r: tf.Tensor, w: tf.Tensor) => {
      const d = toFp32(dh), unit = tf.mul(x, r), g = tf.mul(d, w);
      const along = tf.div(rowSums(tf.mul(g, unit)), x.shape[1]!);
      const dx = tf.mul(tf.sub(g, tf.mul(unit, along)), r);
      return frozen ? [dx] : [dx, tf.sum(tf.mul(d, unit), 0)];
    };
    norms.set(
      key,
      kernels = {
        forward: fused("rms_norm", normed),
        addForward: fused("add_norm", (x, y, w) => {
          const sum = tf.add(x, toFp32(y));
          return [sum, ...normed(sum, w)];
        }),
        backward: fused("rms_norm_grad", gradients),
        addBackward: fused("add_norm_grad", (dsum, dh, x, r, w) => {
          const [dx, ...dw] = gradients(dh, x, r, w), d = tf.add(dsum, dx);
          return [d, toCompute(d, precision), ...dw];
        }),
      },
    );
  }
  return kernels;
}

/**
 * x_NC / rms(x) · w_C, computed in fp32, given in the precision of the next product.
 *
 * @param frozen w has no gradient
 */
export function rmsNorm(
  x_NC: tf.Tensor,
  w_C: tf.Tensor,
  epsilon: number,
  precision: Precision,
  frozen = false,
): tf.Tensor {
  const { forward, backward } = normKernels(epsilon, precision, frozen);
  return customGrad((x, w) => {
    const [h, r] = forward(x, w);
    return {
      value: h,
      saved: [x, r, w],
      gradients: (dy, [x, r, w]) => together(frozen ? 1 : 2, () => backward(dy, x, r, w)),
    };
  })(x_NC, w_C);
}

/**
 * Adds what a block computed to the residual stream, and norms the sum for the next block.
 *
 * @param x_NC residual stream, fp32
 * @param y_NC what is added, in the precision of the products
 * @param frozen w has no gradient
 * @returns the sum in fp32, and its {@link rmsNorm}
 */
export function addNorm(
  x_NC: tf.Tensor,
  y_NC: tf.Tensor,
  w_C: tf.Tensor,
  epsilon: number,
  precision: Precision,
  frozen = false,
): [tf.Tensor, tf.Tensor] {
  const { addForward, addBackward } = normKernels(epsilon, precision, frozen);
  return customGradMany((x, y, w) => {
    const [sum, h, r] = addForward(x, y, w);
    return {
      values: [sum, h],
      saved: [sum, r, w],
      gradients: ([dsum, dh], [sum, r, w]) =>
        together(frozen ? 2 : 3, () => addBackward(dsum, dh, sum, r, w)),
    };
  })(x_NC, y_NC, w_C) as [tf.Tensor, tf.Tensor];
}

const gated = (gateUp: tf.Tensor) => {
  const [gate, up] = tf.split(gateUp, 2, -1).map(toFp32);
  // XLA's own sigmoid takes half as long again.
  return { gate, up, sigmoid: tf.div(1, tf.add(1, tf.exp(tf.neg(gate)))) };
};
const gateForward = (precision: Precision) =>
  fused("swiglu", (gateUp) => {
    const { gate, up, sigmoid } = gated(gateUp);
    return [toCompute(tf.mul(tf.mul(gate, sigmoid), up), precision)];
  });
const gateBackward = (precision: Precision) =>
  fused("swiglu_grad", (gateUp, dy) => {
    const { gate, up, sigmoid } = gated(gateUp), d = toFp32(dy), silu = tf.mul(gate, sigmoid);
    return [
      tf.mul(tf.mul(d, up), tf.add(sigmoid, tf.mul(silu, tf.sub(1, sigmoid)))),
      tf.mul(d, silu),
    ].map((t) => toCompute(t, precision));
  });
const gates = {
  fp32: { forward: gateForward("fp32"), backward: gateBackward("fp32") },
  bf16: { forward: gateForward("bf16"), backward: gateBackward("bf16") },
};

/** silu(gate) · up of the two halves of each row of x_N2F. */
export function swiGlu(x_N2F: tf.Tensor, precision: Precision): tf.Tensor {
  const { forward, backward } = gates[precision];
  return customGrad((x) => ({
    value: forward(x)[0],
    saved: [x],
    gradients: (dy, [x]) => [() => tf.concat(backward(x, dy), -1)],
  }))(x_N2F);
}

/** x_NC (fp32) plus what a block adds to it. */
export const addResidual = (x_NC: tf.Tensor, y_NC: tf.Tensor, precision: Precision): tf.Tensor =>
  customGrad((x, y) => ({
    value: tf.add(x, toFp32(y)),
    saved: [],
    gradients: (dy) => [() => dy.clone(), () => toCompute(dy, precision).clone()],
  }))(x_NC, y_NC);

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

/** Next-token scores h_NC · head_VCᵀ in fp32. */
export const project = (h_NC: tf.Tensor, head_VC: tf.Tensor, precision: Precision): tf.Tensor =>
  toFp32(matMul(toCompute(h_NC, precision), toCompute(head_VC, precision), false, true));
