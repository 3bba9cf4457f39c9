/**
 * Norms of rows, with gradients written by hand. Suffixes as in kernels.ts.
 *
 * @module
 */
import {
  castTo,
  customGrad,
  customGradMany,
  DataType,
  dtypeOf,
  fused,
  tf,
  together,
} from "@/lib/tensorflow/mod.ts";
import type { NormKind } from "@/lib/models/config.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

/** What a norm multiplies with and adds, fp32 [C] each; layer norms alone have a bias. */
export interface NormWeights {
  weight: tf.Tensor;
  bias?: tf.Tensor;
}

export interface NormSettings {
  kind: NormKind;
  epsilon: number;
  /** Of the result. */
  precision: Precision;
  /** Weights have no gradient. */
  frozen: boolean;
}

/** Sums along the last axis of a matrix, [N, 1]; as a product, which XLA computes faster than a reduction. */
const rowSums = (x_NC: tf.Tensor): tf.Tensor =>
  tf.matMul(x_NC as tf.Tensor2D, tf.ones([x_NC.shape[1]!, 1]));
const rowMeans = (x_NC: tf.Tensor): tf.Tensor => tf.div(rowSums(x_NC), x_NC.shape[1]!);
const inverseRms = (x_NC: tf.Tensor, epsilon: number): tf.Tensor =>
  tf.rsqrt(tf.add(rowMeans(tf.square(x_NC)), epsilon));

interface NormKernels {
  forward: ReturnType<typeof fused>;
  addForward: ReturnType<typeof fused>;
  backward: ReturnType<typeof fused>;
  addBackward: ReturnType<typeof fused>;
}
const kernels = new Map<string, NormKernels>();

/** @param settings if frozen, the backward kernels leave out the gradients of the weights, their last results */
function normKernels({ kind, epsilon, precision, frozen }: NormSettings): NormKernels {
  const key = `${kind} ${epsilon} ${precision} ${frozen}`;
  let made = kernels.get(key);
  if (!made) {
    const centred = (x: tf.Tensor) => kind === "layer" ? tf.sub(x, rowMeans(x)) : x;
    const factor = (w: tf.Tensor) => kind === "rms-plus-one" ? tf.add(w, 1) : w;
    const normed = (given: tf.Tensor, w: tf.Tensor, ...bias: tf.Tensor[]) => {
      const x = centred(toFp32(given)), r = inverseRms(x, epsilon);
      const scaled = tf.mul(tf.mul(x, r), factor(w));
      return [toCompute(bias.reduce((sum, b) => tf.add(sum, b), scaled), precision), r];
    };
    /** Gradients with respect to x and the weights; `r` is 1/rms(x), or of a layer norm 1/σ(x). */
    const gradients = (dh: tf.Tensor, given: tf.Tensor, r: tf.Tensor, w: tf.Tensor) => {
      const d = toFp32(dh), unit = tf.mul(centred(toFp32(given)), r), g = tf.mul(d, factor(w));
      const along = rowMeans(tf.mul(g, unit));
      const across = tf.sub(kind === "layer" ? tf.sub(g, rowMeans(g)) : g, tf.mul(unit, along));
      const dx = tf.mul(across, r);
      if (frozen) return [dx];
      const dw = tf.sum(tf.mul(d, unit), 0);
      return kind === "layer" ? [dx, dw, tf.sum(d, 0)] : [dx, dw];
    };
    kernels.set(
      key,
      made = {
        forward: fused("norm", normed),
        addForward: fused("add_norm", (x, y, ...weights) => {
          const sum = tf.add(x, toFp32(y));
          return [sum, ...normed(sum, weights[0], ...weights.slice(1))];
        }),
        backward: fused("norm_grad", (dh, x, r, w) => {
          const [dx, ...dw] = gradients(dh, x, r, w);
          return [dtypeOf(x) === DataType.float32 ? dx : castTo(dx, "bfloat16"), ...dw];
        }),
        addBackward: fused("add_norm_grad", (dsum, dh, x, r, w) => {
          const [dx, ...dw] = gradients(dh, x, r, w), d = tf.add(dsum, dx);
          return [d, toCompute(d, precision), ...dw];
        }),
      },
    );
  }
  return made;
}

const listed = ({ weight, bias }: NormWeights): tf.Tensor[] => bias ? [weight, bias] : [weight];

/**
 * The norm of each row, computed in fp32, given in the precision of the next product.
 *
 * @param x_NC fp32, or in the precision of the products; so is its gradient
 */
export function norm(x_NC: tf.Tensor, weights: NormWeights, settings: NormSettings): tf.Tensor {
  const { forward, backward } = normKernels(settings), given = listed(weights);
  return customGrad((x, ...w) => {
    const [h, r] = forward(x, ...w);
    return {
      value: h,
      saved: [x, r, w[0]],
      gradients: (dy, [x, r, w]) =>
        together(settings.frozen ? 1 : 1 + given.length, () => backward(dy, x, r, w)),
    };
  })(x_NC, ...given);
}

/**
 * Adds what a block computed to the residual stream, and norms the sum for the next block.
 *
 * @param x_NC residual stream, fp32
 * @param y_NC what is added, in the precision of the products
 * @returns the sum in fp32, and its {@link norm}
 */
export function addNorm(
  x_NC: tf.Tensor,
  y_NC: tf.Tensor,
  weights: NormWeights,
  settings: NormSettings,
): [tf.Tensor, tf.Tensor] {
  const { addForward, addBackward } = normKernels(settings), given = listed(weights);
  return customGradMany((x, y, ...w) => {
    const [sum, h, r] = addForward(x, y, ...w);
    return {
      values: [sum, h],
      saved: [sum, r, w[0]],
      gradients: ([dsum, dh], [sum, r, w]) =>
        together(settings.frozen ? 2 : 2 + given.length, () => addBackward(dsum, dh, sum, r, w)),
    };
  })(x_NC, y_NC, ...given) as [tf.Tensor, tf.Tensor];
}
