/** Labels and the times of single operations. */
import assert from "node:assert/strict";
import {
  customGrad,
  fused,
  jit,
  profileOps,
  profileOpsAsync,
  scope,
  tf,
} from "@/lib/tensorflow/mod.ts";

const kernel = fused("cube", (x) => [tf.mul(x, tf.square(x))]);
const cube = customGrad((x: tf.Tensor) => ({
  value: kernel(x)[0],
  saved: [x],
  gradients: (dy, [x]) => [() => tf.mul(dy, tf.mul(3, tf.square(x)))],
}));

Deno.test("every operation is counted under its label, traced functions as plain code", () => {
  const x = tf.ones([4, 2]);
  const step = jit((x: tf.Tensor) =>
    scope("model", () =>
      tf.grad((x: tf.Tensor) => {
        const y = scope("first", () => cube(x));
        return tf.sum(scope("second", () => cube(scope("inner", () => cube(y)))));
      })(x))
  );
  tf.dispose(step(x));
  const tensors = tf.memory().numTensors;
  const { result, ops } = profileOps(() => step(x));
  assert.equal(tf.memory().numTensors, tensors + 1);
  assert.deepEqual(Array.from(result.dataSync()), Array(8).fill(27));
  const kernels = ops.filter((entry) => entry.op === "cube");
  assert.deepEqual(kernels.map((entry) => entry.scope).sort(), [
    "model/first",
    "model/second",
    "model/second/inner",
  ]);
  for (const { calls, outputBytes, shapes } of kernels) {
    assert.deepEqual({ calls, outputBytes, shapes }, {
      calls: 1,
      outputBytes: 32,
      shapes: "float32[4,2]",
    });
  }
  const gradients = ops.filter((entry) => entry.op === "Square");
  assert.deepEqual(gradients.map((entry) => entry.scope).sort(), [
    "model/first/gradient",
    "model/second/gradient",
    "model/second/inner/gradient",
  ]);
  assert.ok(ops.reduce((sum, entry) => sum + entry.milliseconds, 0) > 0);
  tf.dispose([x, result]);
  step.dispose();
});

Deno.test("calls on the same shapes are one entry, other shapes another; nothing is timed afterwards", () => {
  const { ops } = profileOps(() =>
    tf.tidy(() => {
      for (const n of [2, 3, 2]) tf.square(tf.ones([n]));
    })
  );
  assert.deepEqual(
    ops.filter((entry) => entry.op === "Square").map(({ shapes, calls, scope }) => [
      shapes,
      calls,
      scope,
    ]).sort(),
    [["float32[2]", 2, ""], ["float32[3]", 1, ""]],
  );
  tf.tidy(() => void tf.square(tf.ones([5])));
  assert.ok(ops.every((entry) => entry.shapes !== "float32[5]"));
});

Deno.test("operations are timed across waits, and traced functions run as plain code there too", async () => {
  const traced = jit((x: tf.Tensor) => scope("traced", () => tf.square(x)));
  const x = tf.ones([2]);
  const { result, ops } = await profileOpsAsync(async () => {
    const first = await traced.async(x);
    const second = await traced.async(first);
    return [first, second];
  });
  assert.equal(traced.traces, 0);
  const [squares] = ops.filter((entry) => entry.op === "Square");
  assert.deepEqual([squares.calls, squares.scope], [2, "traced"]);
  await assert.rejects(profileOpsAsync(() => Promise.reject(new Error("no"))), /no/);
  tf.dispose([x, ...result]);
  assert.equal(profileOps(() => 1).result, 1);
});

Deno.test("labels name the nodes of traced functions in TensorFlow's messages", () => {
  const traced = jit((x: tf.Tensor) => scope("the layer", () => tf.reshape(tf.gather(x, 7), [1])));
  assert.throws(() => traced(tf.ones([2])), /the_layer\//);
  traced.dispose();
});

Deno.test("operations cannot be timed while a function is traced, nor twice at once", () => {
  const traced = jit((x: tf.Tensor) => profileOps(() => tf.square(x)).result);
  assert.throws(() => traced(tf.ones([2])), /while a function is traced/);
  assert.throws(() => profileOps(() => profileOps(() => 1)), /twice at once/);
});
