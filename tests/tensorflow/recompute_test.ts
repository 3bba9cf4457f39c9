/** Activation recomputation: the same gradients with less memory. */
import assert from "node:assert/strict";
import { attr, customGrad, jit, op, recompute, tf } from "@/lib/tensorflow/mod.ts";
import { runProcess } from "./processes/run.ts";

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
const grid = (shape: number[], factor: number) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(factor * i)),
    shape,
  );

/** Two blocks of several arguments and results, one of them integer. */
const block = (
  { h, mask }: { h: tf.Tensor; mask: tf.Tensor },
  weights: tf.Tensor[],
  scale: number,
) => {
  const z = tf.mul(tf.matMul(h as tf.Tensor2D, weights[0] as tf.Tensor2D), scale);
  const gated = tf.mul(tf.tanh(z), tf.sigmoid(tf.add(z, weights[1])));
  return { h: tf.add(h, tf.mul(gated, tf.cast(mask, "float32"))), best: tf.argMax(z, -1), z };
};
const loss = (f: typeof block) => (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => {
  const mask = tf.tensor1d([1, 0, 1, 1], "int32");
  const first = f({ h: x, mask }, [w, b], 2);
  const second = f({ h: first.h, mask }, [w, b], 0.5);
  return tf.add(tf.sum(tf.square(second.h)), tf.sum(first.z)) as tf.Scalar;
};

Deno.test("gradients are bit for bit those of the function itself, eagerly and traced", () => {
  tf.tidy(() => {
    const inputs = [grid([3, 4], 1), grid([4, 4], 2), grid([4], 3)];
    const expected = tf.grads(loss(block) as never)(inputs).map(values);
    const repeated = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
      tf.grads(loss(recompute(block)) as never)([x, w, b]);
    assert.deepEqual(
      repeated(...inputs as [tf.Tensor, tf.Tensor, tf.Tensor]).map(values),
      expected,
    );
    const traced = jit(repeated);
    assert.deepEqual(traced(...inputs as [tf.Tensor, tf.Tensor, tf.Tensor]).map(values), expected);
    traced.dispose();
  });
});

Deno.test("recomputation inside recomputation, and gradients of gradients", () => {
  tf.tidy(() => {
    const cube = recompute((x: tf.Tensor) => tf.mul(x, recompute(tf.square<tf.Tensor>)(x)));
    const x = tf.tensor1d([1, -2, 3]);
    assert.deepEqual(values(cube(x)), [1, -8, 27]);
    assert.deepEqual(values(tf.grad((x: tf.Tensor) => cube(x))(x)), [3, 12, 27]);
    const second = (x: tf.Tensor) =>
      tf.grad((x: tf.Tensor) => tf.grad((y: tf.Tensor) => cube(y))(x))(x);
    assert.deepEqual(values(second(x)), [6, -12, 18]);
  });
});

Deno.test("an argument may be returned, and a result returned twice", () => {
  tf.tidy(() => {
    const f = recompute((x: tf.Tensor) => {
      const y = tf.square(x);
      return [x, y, y];
    });
    const gradient = tf.grad((x: tf.Tensor) => {
      const [a, b, c] = f(x);
      return tf.addN([a, b, tf.mul(c, 10)]);
    })(tf.tensor1d([3]));
    assert.deepEqual(values(gradient), [1 + 6 + 60]);
  });
});

Deno.test("gradients that nobody asks for are not computed", () => {
  const asked: string[] = [];
  const product = customGrad((a: tf.Tensor, b: tf.Tensor) => ({
    value: tf.mul(a, b),
    saved: [a, b],
    gradients: (dy, [a, b]) => [() => {
      asked.push("a");
      return tf.mul(dy, b);
    }, () => {
      asked.push("b");
      return tf.mul(dy, a);
    }],
  }));
  tf.tidy(() => {
    const f = recompute((a: tf.Tensor, b: tf.Tensor) => product(a, b));
    const b = tf.tensor1d([5]);
    assert.deepEqual(values(tf.grad((a: tf.Tensor) => f(a, b))(tf.tensor1d([2]))), [5]);
  });
  assert.deepEqual(asked, ["a"]);
});

Deno.test("no tensor is left behind", () => {
  const x = grid([3, 4], 1), w = grid([4, 4], 2), b = grid([4], 3);
  const before = tf.memory().numTensors;
  tf.dispose(tf.grads(loss(recompute(block)) as never)([x, w, b]));
  assert.equal(tf.memory().numTensors - before, 0);
  tf.dispose([x, w, b]);
});

Deno.test("what could come out differently the second time is refused", () => {
  const random = (x: tf.Tensor) =>
    tf.add(
      x,
      op("RandomUniform", [attr.type("dtype", 1), attr.type("T", 3)], [tf.tensor1d([2], "int32")]),
    );
  tf.tidy(() => {
    assert.throws(() => recompute(random)(tf.ones([2])), /RandomUniform\(int32\[1\]\) has state/);
    assert.throws(
      () => recompute((x: tf.Tensor) => tf.dropout(x, 0.5))(tf.ones([2])),
      /random numbers were drawn inside recompute/,
    );
    assert.equal(typeof Math.random(), "number");
    assert.deepEqual(
      values(recompute((x: tf.Tensor) => tf.dropout(x, 0.5, undefined, 7))(tf.zeros([2]))),
      [0, 0],
    );
  });
});

Deno.test("the peak of memory falls, eagerly and in a traced function", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  for (const mode of ["eager", "jit"]) {
    const kept = await runProcess("recompute-peak.ts", ["keep", mode]);
    const repeated = await runProcess("recompute-peak.ts", ["recompute", mode]);
    assert.equal(repeated.digest, kept.digest);
    assert.ok(
      repeated.bytes < kept.bytes / 2,
      `${mode}: ${repeated.bytes >> 20} MiB instead of ${kept.bytes >> 20} MiB`,
    );
  }
});
