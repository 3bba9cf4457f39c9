/** Variables of both kinds in traced functions: every call sees the value of the moment. */
import assert from "node:assert/strict";
import {
  attr,
  castTo,
  DataType,
  dtypeOf,
  effect,
  jit,
  ResourceVariable,
  running,
  TensorflowError,
  tf,
} from "@/lib/tensorflow/mod.ts";

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
const read = (variable: ResourceVariable) => tf.tidy(() => values(variable.read()));

Deno.test("a traced function sees what a captured tf.Variable holds at each call", () => {
  const initial = tf.tensor1d([1, 2]);
  const v = tf.variable(initial);
  const functions = {
    value: jit((x: tf.Tensor) => tf.mul(v, x)),
    clone: jit((x: tf.Tensor) => tf.mul(v.clone(), x)),
    gradient: jit((x: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.mul(x, v))(x)),
    variableGradients: jit((x: tf.Tensor) =>
      tf.variableGrads(() => tf.sum(tf.mul(tf.square(v), x)) as tf.Scalar, [v]).grads[v.name]
    ),
    // The tensor that the variable was made from is another thing, though it shares its memory at first.
    initial: jit((x: tf.Tensor) => tf.mul(initial, x)),
  };
  const run = (name: keyof typeof functions) =>
    tf.tidy(() => values(functions[name](tf.tensor1d([1, 1]))));
  for (const [a, b] of [[1, 2], [3, 4], [5, 6]]) {
    tf.tidy(() => v.assign(tf.tensor1d([a, b])));
    assert.deepEqual(run("value"), [a, b]);
    assert.deepEqual(run("clone"), [a, b]);
    assert.deepEqual(run("gradient"), [a, b]);
    assert.deepEqual(run("variableGradients"), [2 * a, 2 * b]);
    assert.deepEqual(run("initial"), [1, 2]);
  }
  for (const traced of Object.values(functions)) assert.equal(traced.traces, 1);
  v.dispose();
  assert.throws(() => run("value"), /variable \S+ was disposed/);
  Object.values(functions).forEach((traced) => traced.dispose());
  initial.dispose();
});

Deno.test("a variable that changes between float32 and bfloat16 is traced anew", () => {
  const v = tf.variable(tf.tensor1d([1, 1.00390625]));
  const traced = jit((x: tf.Tensor) => tf.mul(v, x));
  tf.tidy(() => {
    assert.equal(dtypeOf(traced(tf.ones([2]))), DataType.float32);
    const one = castTo(tf.ones([2]), "bfloat16");
    v.assign(castTo(v, "bfloat16") as tf.Tensor1D);
    assert.deepEqual(values(traced(tf.ones([2]))), [1, 1]);
    assert.equal(dtypeOf(traced(one)), DataType.bfloat16);
  });
  traced.dispose();
  v.dispose();
});

Deno.test("assigning to a tf.Variable in a traced function is refused, and leaves it as it was", () => {
  const v = tf.variable(tf.tensor1d([1, 2]));
  const traced = jit((x: tf.Tensor) => v.assign(tf.mul(v, x) as tf.Tensor1D));
  assert.throws(
    () => traced(tf.ones([2])),
    /assigned to in a traced function \(at \S+variable_test\.ts:\d+:\d+\)/,
  );
  assert.deepEqual(values(v), [1, 2]);
  v.dispose();
});

Deno.test("a resource variable is read, assigned and added to", () => {
  const handles = running().binding.getNumOfTensors();
  const initial = tf.tensor2d([[1, 2], [3, 4]]);
  const [v, other] = [ResourceVariable.from(initial), ResourceVariable.from(initial)];
  tf.tidy(() => {
    const before = v.read();
    v.assignAdd(tf.ones([2, 2]));
    v.assignSub(tf.fill([2, 2], 3));
    assert.deepEqual(values(before), [1, 2, 3, 4]);
    assert.deepEqual(read(v), [-1, 0, 1, 2]);
    v.assign(tf.zeros([2, 2]));
    assert.deepEqual(read(v), [0, 0, 0, 0]);
    assert.deepEqual(read(other), [1, 2, 3, 4]);
    assert.throws(
      () => v.assign(tf.zeros([4])),
      (error: Error) =>
        error instanceof TensorflowError && /float32\[2,2\].*float32\[4\]/.test(error.message),
    );
  });
  for (const variable of [v, other]) variable.dispose();
  v.dispose();
  assert.throws(() => v.read(), /disposed/);
  initial.dispose();
  assert.equal(running().binding.getNumOfTensors(), handles);
});

Deno.test("in a traced function reads and writes happen at each call, in the order of the program", () => {
  const v = ResourceVariable.from(tf.scalar(1));
  const traced = jit((x: tf.Tensor) => {
    const first = v.read();
    v.assignAdd(x);
    const second = v.read(), same = v.read();
    v.assign(tf.mul(second, 10));
    v.assignSub(tf.scalar(1));
    return [first, second, same, v.read()];
  });
  tf.tidy(() => {
    assert.deepEqual(traced(tf.scalar(2)).flatMap(values), [1, 3, 3, 29]);
    v.assign(tf.scalar(5));
    assert.deepEqual(traced(tf.scalar(1)).flatMap(values), [5, 6, 6, 59]);
  });
  const onlyWrites = jit((x: tf.Tensor) => {
    v.assignAdd(x);
  });
  tf.tidy(() => {
    onlyWrites(tf.scalar(1));
    onlyWrites(tf.scalar(1));
  });
  assert.deepEqual(read(v), [61]);
  traced.dispose();
  onlyWrites.dispose();
  v.dispose();
});

Deno.test("a whole step of Adam, gradients and updates in place, is one traced function", () => {
  const zeros = () => ResourceVariable.from(tf.zeros([3]));
  const w = ResourceVariable.from(tf.tensor1d([1, -2, 3]));
  const [first, second] = [zeros(), zeros()];
  const [lr, beta1, beta2, epsilon] = [0.1, 0.9, 0.999, 1e-8];
  const step = jit((target: tf.Tensor, beta1Power: tf.Tensor, beta2Power: tf.Tensor) => {
    const gradient = tf.grad((w: tf.Tensor) => tf.sum(tf.square(tf.sub(w, target))))(w.read());
    effect("ResourceApplyAdam", [
      attr.type("T", DataType.float32),
      attr.bool("use_locking", false),
      attr.bool("use_nesterov", false),
    ], [
      w.handle,
      first.handle,
      second.handle,
      beta1Power,
      beta2Power,
      ...[lr, beta1, beta2, epsilon].map((x) => tf.scalar(x)),
      gradient,
    ]);
  });
  // Kingma & Ba, 2015, algorithm 1, with epsilon as in the end of section 2.
  const expected = { w: [1, -2, 3], m: [0, 0, 0], v: [0, 0, 0] };
  const target = tf.tensor1d([0, 0, 1]), targets = values(target);
  for (let t = 1; t <= 20; t++) {
    tf.tidy(() => step(target, tf.scalar(beta1 ** t), tf.scalar(beta2 ** t)));
    for (let i = 0; i < 3; i++) {
      const g = 2 * (expected.w[i] - targets[i]);
      expected.m[i] = beta1 * expected.m[i] + (1 - beta1) * g;
      expected.v[i] = beta2 * expected.v[i] + (1 - beta2) * g * g;
      const rate = lr * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t);
      expected.w[i] -= rate * expected.m[i] / (Math.sqrt(expected.v[i]) + epsilon);
    }
  }
  read(w).forEach((x, i) => assert.ok(Math.abs(x - expected.w[i]) < 1e-5, `${i}: ${x}`));
  assert.equal(step.traces, 1);
  step.dispose();
  for (const variable of [w, first, second]) variable.dispose();
  target.dispose();
});
