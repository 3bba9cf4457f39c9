/**
 * The number format of matrix products. Weights, norms, softmax and losses are fp32 always.
 *
 * @module
 */
import { castTo, DataType, dtypeOf, tf } from "@/lib/tensorflow/mod.ts";

export type Precision = "fp32" | "bf16";

/** The tensor in the format of the products. No gradient of its own. */
export const toCompute = (x: tf.Tensor, precision: Precision): tf.Tensor =>
  precision === "bf16" ? castTo(x, "bfloat16") : x;

/** The tensor in fp32. No gradient of its own. */
export const toFp32 = (x: tf.Tensor): tf.Tensor =>
  dtypeOf(x) === DataType.float32 ? x : castTo(x, "float32");

/**
 * Which precision is faster for matrix products on this machine, by a measurement of some 20 ms.
 * On CPUs without bfloat16 units it is fp32.
 */
export function fasterPrecision(): Precision {
  const a = tf.ones([512, 576]) as tf.Tensor2D, b = tf.ones([1536, 576]) as tf.Tensor2D;
  const time = (precision: Precision) => {
    const [x, y] = [a, b].map((t) => castTo(t, precision === "bf16" ? "bfloat16" : "float32"));
    let best = Infinity;
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      tf.tidy(() =>
        tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, false, true).slice([0, 0], [1, 1]).dataSync()
      );
      best = Math.min(best, performance.now() - start);
    }
    if (x !== a) tf.dispose([x, y]);
    return best;
  };
  const faster = time("bf16") < time("fp32") ? "bf16" : "fp32";
  tf.dispose([a, b]);
  return faster;
}
