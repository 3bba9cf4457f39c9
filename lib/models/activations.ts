/**
 * Activations of the feed-forward block, with gradients written by hand. Suffixes as in kernels.ts.
 *
 * @module
 */
import { customGrad, fused, tf } from "@/lib/tensorflow/mod.ts";
import type { Activation } from "@/lib/models/config.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

/** An activation's value and, where it is asked for, slope at x, fp32. */
type Curve = (x: tf.Tensor) => { value: tf.Tensor; slope: () => tf.Tensor };

const CURVES: Record<Activation, Curve> = {
  silu(x) {
    // XLA's own sigmoid takes half as long again.
    const sigmoid = tf.div(1, tf.add(1, tf.exp(tf.neg(x)))), value = tf.mul(x, sigmoid);
    return { value, slope: () => tf.add(sigmoid, tf.mul(value, tf.sub(1, sigmoid))) };
  },
  // Hendrycks and Gimpel 2016, arXiv:1606.08415.
  gelu(x) {
    const below = tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
    const density = () => tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(x))));
    return { value: tf.mul(x, below), slope: () => tf.add(below, tf.mul(x, density())) };
  },
  "gelu-tanh"(x) {
    const a = Math.sqrt(2 / Math.PI), b = 0.044715, square = tf.square(x);
    const tanh = tf.tanh(tf.mul(tf.mul(x, a), tf.add(1, tf.mul(b, square))));
    const below = tf.mul(0.5, tf.add(1, tanh));
    const slope = () => {
      const inner = tf.mul(a, tf.add(1, tf.mul(3 * b, square)));
      const steep = tf.mul(tf.mul(0.5, tf.sub(1, tf.square(tanh))), inner);
      return tf.add(below, tf.mul(x, steep));
    };
    return { value: tf.mul(x, below), slope };
  },
};

interface Kernels {
  forward: ReturnType<typeof fused>;
  backward: ReturnType<typeof fused>;
}
const made = new Map<string, Kernels>();

function kernelsOf(activation: Activation, precision: Precision, gated: boolean): Kernels {
  const key = `${activation} ${precision} ${gated}`, curve = CURVES[activation];
  let kernels = made.get(key);
  if (!kernels) {
    const halves = (x: tf.Tensor) => tf.split(x, 2, -1).map(toFp32);
    kernels = gated
      ? {
        forward: fused("gated", (x) => {
          const [gate, up] = halves(x);
          return [toCompute(tf.mul(curve(gate).value, up), precision)];
        }),
        backward: fused("gated_grad", (x, dy) => {
          const [gate, up] = halves(x), d = toFp32(dy), { value, slope } = curve(gate);
          return [tf.mul(tf.mul(d, up), slope()), tf.mul(d, value)]
            .map((t) => toCompute(t, precision));
        }),
      }
      : {
        forward: fused("activated", (x) => [toCompute(curve(toFp32(x)).value, precision)]),
        backward: fused("activated_grad", (x, dy) => [
          toCompute(tf.mul(toFp32(dy), curve(toFp32(x)).slope()), precision),
        ]),
      };
    made.set(key, kernels);
  }
  return kernels;
}

/** activation(gate) · up of the two halves of each row of x_N2F; not gated, activation(x). */
export function activate(
  x: tf.Tensor,
  activation: Activation,
  precision: Precision,
  gated: boolean,
): tf.Tensor {
  const { forward, backward } = kernelsOf(activation, precision, gated);
  return customGrad((x) => ({
    value: forward(x)[0],
    saved: [x],
    gradients: (dy, [x]) => [() => {
      const parts = backward(x, dy);
      return gated ? tf.concat(parts, -1) : parts[0];
    }],
  }))(x);
}
