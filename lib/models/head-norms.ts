/**
 * Queries and keys of each head divided by their root mean square, with gradients written by hand. Suffixes as in
 * kernels.ts, and A = (H + 2G)·K.
 *
 * @module
 */
import { customGrad, fused, tf, together } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

interface Kernels {
  forward: ReturnType<typeof fused>;
  backward: ReturnType<typeof fused>;
}
const made = new Map<string, Kernels>();

function kernelsOf(config: DecoderConfig, precision: Precision): Kernels {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K, rms_norm_eps } = config;
  const plusOne = config.differences?.norm === "rms-plus-one";
  const key = `${H} ${G} ${K} ${rms_norm_eps} ${plusOne} ${precision}`;
  let kernels = made.get(key);
  if (!kernels) {
    const heads = (x_NA: tf.Tensor) =>
      tf.split(x_NA, [H * K, G * K, G * K], 1).map((t, i) =>
        tf.reshape(toFp32(t), [-1, i === 0 ? H : G, K])
      );
    const rows = (t: tf.Tensor) =>
      toCompute(tf.reshape(t, [-1, t.shape[1]! * t.shape[2]!]), precision);
    const factor = (w: tf.Tensor) => plusOne ? tf.add(w, 1) : w;
    const inverseRms = (t: tf.Tensor) =>
      tf.rsqrt(tf.add(tf.mean(tf.square(t), -1, true), rms_norm_eps));
    made.set(
      key,
      kernels = {
        forward: fused("head_norms", (x, wq, wk) => {
          const [q, k, v] = heads(x);
          const normed = [[q, wq], [k, wk]].map(([t, w]) =>
            tf.mul(tf.mul(t, inverseRms(t)), factor(w))
          );
          return [...normed, v].map(rows);
        }),
        backward: fused("head_norms_grad", (dy, x, wq, wk) => {
          const [q, k] = heads(x), [dq, dk, dv] = heads(dy);
          const gradients = [[q, wq, dq], [k, wk, dk]].map(([t, w, d]) => {
            const r = inverseRms(t), unit = tf.mul(t, r), g = tf.mul(d, factor(w));
            const along = tf.mean(tf.mul(g, unit), -1, true);
            return {
              dx: tf.mul(tf.sub(g, tf.mul(unit, along)), r),
              dw: tf.sum(tf.mul(d, unit), [0, 1]),
            };
          });
          return [
            ...[...gradients.map(({ dx }) => dx), dv].map(rows),
            ...gradients.map((g) => g.dw),
          ];
        }),
      },
    );
  }
  return kernels;
}

/**
 * Rows of joined queries, keys and values with normed queries and keys, all in the precision of the products.
 *
 * @param wq_K what normed queries are multiplied with, fp32
 * @param wk_K the same for keys
 */
export function normHeads(
  qkv_NA: tf.Tensor,
  wq_K: tf.Tensor,
  wk_K: tf.Tensor,
  config: DecoderConfig,
  precision: Precision,
): tf.Tensor {
  const { forward, backward } = kernelsOf(config, precision);
  return customGrad((x, wq, wk) => ({
    value: tf.concat(forward(x, wq, wk), 1),
    saved: [x, wq, wk],
    gradients: (dy, [x, wq, wk]) =>
      together(3, () => {
        const [dq, dk, dv, ...dw] = backward(dy, x, wq, wk);
        return [tf.concat([dq, dk, dv], 1), ...dw];
      }),
  }))(qkv_NA, wq_K, wk_K);
}
