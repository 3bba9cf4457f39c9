/**
 * Memory that the gradient of a deep network takes at its peak, and a digest of the gradients, as JSON.
 * Arguments: "keep" or "recompute"; "eager" or "jit".
 */
import { jit, recompute, tf } from "@/lib/tensorflow/mod.ts";

const BLOCKS = 24, LAYERS = 4, ROWS = 1024, WIDTH = 512;
const [activations, mode] = Deno.args;

const peakBytes = () =>
  1024 * Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]);

function layers(h: tf.Tensor, w: tf.Tensor): tf.Tensor {
  for (let i = 0; i < LAYERS; i++) h = tf.tanh(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D));
  return h;
}
const block = activations === "recompute" ? recompute(layers) : layers;
const gradients = (x: tf.Tensor, weights: tf.Tensor[]) =>
  tf.grads((...weights: tf.Tensor[]) => tf.sum(tf.square(weights.reduce(block, x))))(weights);
const step = mode === "jit" ? jit(gradients) : gradients;

const weights = Array.from(
  { length: BLOCKS },
  (_, i) => tf.randomNormal([WIDTH, WIDTH], 0, 0.05, "float32", i + 1),
);
const x = tf.randomNormal([ROWS, WIDTH], 0, 1, "float32", 99);
// Threads, packed constants and the like are there before counting begins.
tf.dispose(gradients(tf.ones([2, WIDTH]), weights));
x.dataSync();
const before = peakBytes();
const results = step(x, weights);
const bytes = peakBytes() - before;
const values = new Blob(
  results.map((gradient) => gradient.dataSync() as Float32Array<ArrayBuffer>),
);
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await values.arrayBuffer()));
console.log(JSON.stringify({ bytes, digest: digest.toHex() }));
