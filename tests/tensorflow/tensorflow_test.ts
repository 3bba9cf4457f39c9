/** The binding and the tracer, against values worked out by hand and tfjs's own CPU backend. */
import assert from "node:assert/strict";
import {
  attr,
  castTo,
  customGrad,
  DataType,
  dtypeOf,
  fused,
  jit,
  op,
  running,
  TensorflowError,
  tf,
  together,
} from "@/lib/tensorflow/mod.ts";

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-6) => {
  assert.equal(a.length, b.length);
  for (let i = 0; i < a.length; i++) {
    assert.ok(
      Math.abs(a[i] - b[i]) <= tolerance * Math.max(1, Math.abs(b[i])),
      `${i}: ${a[i]} and ${b[i]}`,
    );
  }
};

Deno.test("products, reductions and gradients agree with tfjs's own CPU backend", async () => {
  const compute = () =>
    tf.tidy(() => {
      const x = tf.tensor2d(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)), [3, 4]);
      const w = tf.tensor2d(Float32Array.from({ length: 20 }, (_, i) => Math.cos(2 * i)), [4, 5]);
      const { value, grads } = tf.valueAndGrads((x: tf.Tensor, w: tf.Tensor) =>
        tf.sum(tf.square(tf.softmax(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)))) as tf.Scalar
      )([x, w]);
      return [value, ...grads].flatMap(values);
    });
  await tf.setBackend("tensorflow");
  const ours = compute();
  await tf.setBackend("cpu");
  const theirs = compute();
  await tf.setBackend("tensorflow");
  close(ours, theirs);
});

Deno.test("tensors of every type keep their values", () => {
  tf.tidy(() => {
    assert.deepEqual(values(tf.tensor([1.5, -2], [2])), [1.5, -2]);
    assert.deepEqual(values(tf.tensor([1, -2], [2], "int32")), [1, -2]);
    assert.deepEqual(values(tf.tensor([true, false], [2], "bool")), [1, 0]);
    assert.deepEqual(tf.tensor(["", "é", "x".repeat(100)]).dataSync() as unknown, [
      "",
      "é",
      "x".repeat(100),
    ]);
    assert.deepEqual(tf.concat([tf.tensor(["a"]), tf.tensor(["b"])]).dataSync() as unknown, [
      "a",
      "b",
    ]);
    const half = castTo(tf.tensor([1, 1.00390625, -3.25]), "bfloat16");
    assert.equal(dtypeOf(half), DataType.bfloat16);
    assert.equal(half.dtype, "float32");
    assert.deepEqual(values(half), [1, 1, -3.25]); // 1 + 2^-8 is a tie and goes to the even 1
  });
});

Deno.test("bfloat16 stays bfloat16 among its own and is widened among float32", () => {
  tf.tidy(() => {
    const x = tf.tensor([1, 2, 3]), half = castTo(x, "bfloat16");
    assert.equal(dtypeOf(tf.square(half)), DataType.bfloat16);
    assert.equal(dtypeOf(tf.add(half, half)), DataType.bfloat16);
    assert.equal(dtypeOf(tf.add(half, x)), DataType.float32);
    assert.equal(dtypeOf(tf.concat([half, x])), DataType.float32);
    assert.deepEqual(values(tf.concat([half, x])), [1, 2, 3, 1, 2, 3]);
    assert.deepEqual(values(tf.add(half, x)), [2, 4, 6]);
  });
});

Deno.test("TensorFlow's errors name the operation and the shapes", () => {
  tf.tidy(() => {
    const a = tf.ones([2, 2]), b = tf.ones([3, 2]);
    assert.throws(
      () => op("MatMul", [attr.bool("transpose_a", false)], [a, b]),
      (error: Error) =>
        error instanceof TensorflowError &&
        /MatMul\(float32\[2,2\], float32\[3,2\]\).*incompatible/.test(error.message),
    );
    assert.throws(() => op("NoSuchOperation", [], [a]), /NoSuchOperation/);
  });
});

Deno.test("a traced function gives what the plain one gives, and is traced once per shape", () => {
  const plain = (x: tf.Tensor, options: { power: number }) => {
    const gradient = tf.grad((y: tf.Tensor) => tf.sum(tf.pow(y, options.power)))(x);
    return { gradient, list: [tf.sum(x), tf.softmax(x)] };
  };
  const traced = jit(plain);
  tf.tidy(() => {
    for (const data of [[1, 2, 3], [4, 5, 6]]) {
      const x = tf.tensor1d(data);
      const [a, b] = [plain(x, { power: 3 }), traced(x, { power: 3 })];
      close(values(b.gradient), values(a.gradient));
      close(values(b.list[0]), values(a.list[0]));
      close(values(b.list[1]), values(a.list[1]));
    }
    assert.equal(traced.traces, 1);
    traced(tf.tensor1d([1, 2]), { power: 3 });
    traced(tf.tensor1d([1, 2]), { power: 2 });
    assert.equal(traced.traces, 3);
  });
  traced.dispose();
  assert.equal(traced.traces, 0);
});

Deno.test("a traced function keeps what it captured, and the least used trace goes first", () => {
  const captured = tf.range(0, 300_000);
  const traced = jit((x: tf.Tensor) => tf.sum(tf.mul(captured, tf.sum(x))), { maxTraces: 2 });
  const one = tf.ones([1]);
  const expected = 300_000 * 299_999 / 2;
  close(values(traced(one)), [expected], 1e-5);
  captured.dispose();
  close(values(traced(one)), [expected], 1e-5);
  const before = running().binding.getNumOfTensors();
  const disposable = jit((x: tf.Tensor) => tf.square(x), { maxTraces: 2 });
  for (let n = 1; n < 10; n++) tf.tidy(() => void disposable(tf.ones([n])));
  assert.equal(disposable.traces, 2);
  assert.equal(running().binding.getNumOfTensors(), before);
  traced.dispose();
  disposable.dispose();
});

Deno.test("large tensors that a traced function makes for itself may go when it has been traced", () => {
  const data = Float32Array.from({ length: 300_000 }, (_, i) => i % 7);
  const traced = jit((x: tf.Tensor) =>
    tf.tidy(() =>
      tf.addN([tf.mul(x, tf.tensor1d(data)), tf.ones([300_000]), tf.fill([300_000], 2.5)])
    )
  );
  tf.tidy(() => {
    for (const scale of [1, 2]) {
      const result = traced(tf.fill([300_000], scale));
      assert.deepEqual(values(tf.slice(result, 5, 3)), [5 * scale + 3.5, 6 * scale + 3.5, 3.5]);
    }
  });
  traced.dispose();
});

Deno.test("reading a value while tracing is refused, with the line that does it", () => {
  const source = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
  const line = (text: string) => source.findIndex((line) => line.endsWith(text)) + 1;
  const here = (text: string) => new RegExp(`\\(at \\S+tensorflow_test\\.ts:${line(text)}:\\d+\\)`);
  const scaled = (x: tf.Tensor) => tf.mul(x, x.dataSync()[0]); // reads
  const traced = jit((x: tf.Tensor) => tf.tidy(() => scaled(x)));
  assert.throws(
    () => traced(tf.ones([2])),
    /value of a tensor .* while its function was being traced/,
  );
  assert.throws(() => traced(tf.ones([2])), here("// reads"));
  const where = jit((x: tf.Tensor) => op("Where", [attr.type("T", 1)], [x]) // as many rows as there are values
  );
  assert.throws(
    () => where(tf.ones([2])),
    /Where\(float32\[2\]\): the shape of its result depends/,
  );
  assert.throws(() => where(tf.ones([2])), here("// as many rows as there are values"));
  let escaped: tf.Tensor | undefined;
  const leaking = jit((x: tf.Tensor) => {
    escaped = tf.keep(tf.square(x));
    return tf.sum(x);
  });
  leaking(tf.ones([2]));
  assert.throws(() => tf.add(escaped!, 1), here("// after tracing")); // after tracing
});

Deno.test("a traced function takes no arguments that cannot be told apart", () => {
  const traced = jit((f: unknown, x: tf.Tensor) => tf.mul(x, typeof f === "number" ? f : 2));
  tf.tidy(() => {
    const x = tf.ones([1]);
    for (const argument of [() => 1, new Map(), Symbol("a"), new Float32Array(2)]) {
      assert.throws(() => traced(argument, x), /argument of traced/);
    }
    assert.deepEqual(values(traced(NaN, x)), [NaN]);
    assert.deepEqual(values(traced(null, x)), [2]);
    assert.deepEqual(values(traced(undefined, x)), [2]);
    assert.deepEqual(values(traced("a", x)), [2]);
    assert.equal(traced.traces, 4);
  });
  traced.dispose();
});

Deno.test("a traced function called in another, or under a gradient, becomes part of it", () => {
  const square = jit((x: tf.Tensor) => tf.square(x));
  const outer = jit((x: tf.Tensor) => tf.add(square(x), 1));
  tf.tidy(() => {
    assert.deepEqual(values(outer(tf.tensor1d([3]))), [10]);
    assert.deepEqual(values(tf.grad((x: tf.Tensor) => square(x))(tf.tensor1d([3]))), [6]);
  });
});

Deno.test("random numbers in a traced function differ from call to call and from each other", () => {
  const traced = jit((x: tf.Tensor) =>
    tf.stack([0, 1].map(() =>
      tf.add(
        x,
        op("RandomUniform", [
          attr.type("dtype", 1),
          attr.type("T", 3),
          attr.int("seed", 0),
          attr.int("seed2", 0),
        ], [
          tf.tensor1d([2], "int32"),
        ]),
      )
    ))
  );
  const [a, b] = [values(traced(tf.zeros([2]))), values(traced(tf.zeros([2])))];
  assert.equal(new Set([...a, ...b]).size, 8);
});

Deno.test("a fused kernel with a gradient of its own works alone and traced", () => {
  const kernel = fused("silu", (x) => [tf.mul(x, tf.sigmoid(x))]);
  const kernelGradients = fused("silu_grad", (x, dy) => {
    const s = tf.sigmoid(x);
    return [tf.mul(dy, tf.add(s, tf.mul(tf.mul(x, s), tf.sub(1, s))))];
  });
  const silu = (x: tf.Tensor) =>
    customGrad((x) => ({
      value: kernel(x)[0],
      saved: [x],
      gradients: (dy, [x]) => together(1, () => kernelGradients(x, dy)),
    }))(x);
  const gradient = (x: tf.Tensor) => tf.grad(silu)(x);
  tf.tidy(() => {
    const x = tf.tensor1d([-1, 0, 2]);
    const expected = values(tf.grad((y: tf.Tensor) => tf.mul(y, tf.sigmoid(y)))(x));
    close(values(gradient(x)), expected);
    close(values(jit(gradient)(x)), expected);
  });
});

Deno.test("an unneeded gradient of a custom operation is never computed", () => {
  let asked = 0;
  const product = customGrad((a: tf.Tensor, b: tf.Tensor) => ({
    value: tf.mul(a, b),
    saved: [a, b],
    gradients: (dy, [a, b]) => [() => tf.mul(dy, b), () => {
      asked++;
      return tf.mul(dy, a);
    }],
  }));
  tf.tidy(() => {
    const b = tf.tensor1d([5]);
    assert.deepEqual(values(tf.grad((a: tf.Tensor) => product(a, b))(tf.tensor1d([2]))), [5]);
  });
  assert.equal(asked, 0);
});

Deno.test("the event loop goes on while a traced function runs on another thread", async () => {
  const traced = jit((x: tf.Tensor) => {
    for (let i = 0; i < 20; i++) x = tf.softmax(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D));
    return tf.sum(x);
  });
  const x = tf.ones([700, 700]);
  tf.dispose(traced(x));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const result = await traced.async(x);
  clearInterval(timer);
  close(values(result), [700], 1e-4);
  assert.ok(ticks > 0);
});

Deno.test("1,000 training steps leave no tensor behind and no memory growing", () => {
  const w = tf.variable(tf.randomNormal([64, 64], 0, 0.1, "float32", 1));
  const x = tf.ones([32, 64]);
  const traced = jit((w: tf.Tensor) =>
    tf.grad((w: tf.Tensor) =>
      tf.mean(tf.square(tf.sub(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 1)))
    )(w)
  );
  const step = (gradient: (w: tf.Tensor) => tf.Tensor) =>
    tf.tidy(() => w.assign(tf.sub(w, tf.mul(gradient(w), 0.1)) as tf.Tensor2D));
  const eager = (w: tf.Tensor) =>
    tf.grad((w: tf.Tensor) =>
      tf.mean(tf.square(tf.sub(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 1)))
    )(w);
  const steps = (n: number) => {
    for (let i = 0; i < n; i++) step(i % 2 ? traced : eager);
  };
  steps(200);
  const [tensors, handles, rss] = [
    tf.memory().numTensors,
    running().binding.getNumOfTensors(),
    Deno.memoryUsage().rss,
  ];
  steps(1000);
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(running().binding.getNumOfTensors(), handles);
  assert.ok(
    Deno.memoryUsage().rss - rss < 64 << 20,
    `${(Deno.memoryUsage().rss - rss) >> 20} MiB more`,
  );
  const loss = tf.tidy(() =>
    values(tf.mean(tf.square(tf.sub(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 1))))[0]
  );
  assert.ok(loss < 1e-3, `loss ${loss}`);
});
