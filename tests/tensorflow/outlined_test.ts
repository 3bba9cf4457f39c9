/** Functions inside of traced functions: the same numbers, recorded once. */
import assert from "node:assert/strict";
import { castTo, customGrad, fused, jit, outlined, tf, together } from "@/lib/tensorflow/mod.ts";
import { running } from "@/lib/tensorflow/backend.ts";

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
const grid = (shape: number[], factor: number) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(factor * i)),
    shape,
  );

const scaled = fused("scaled", (x, g) => [tf.mul(x, g)]);
const scaledGradient = fused("scaled_grad", (x, g, dy) => [
  tf.mul(g, dy),
  tf.sum(tf.mul(x, dy), 0),
]);
/** x · g by kernels, with one kernel for both gradients. */
const scale = (x: tf.Tensor, g: tf.Tensor) =>
  customGrad((x, g) => ({
    value: scaled(x, g)[0],
    saved: [x, g],
    gradients: (dy, [x, g]) => together(2, () => scaledGradient(x, g, dy)),
  }))(x, g);

interface State {
  h: tf.Tensor;
  mask: tf.Tensor;
}
let runs = 0;
/** A layer of two results, one of them not computed here; `bias` comes from outside. */
const layerWith = (bias: tf.Tensor) =>
(
  { h, mask }: State,
  [w, g]: tf.Tensor[],
  { shift }: { shift: tf.Tensor },
): State => {
  runs++;
  const z = tf.tanh(tf.matMul(scale(h, g) as tf.Tensor2D, w as tf.Tensor2D));
  const moved = tf.mul(tf.add(tf.add(z, shift), bias), tf.cast(mask, "float32"));
  return { h: tf.add(h, moved), mask };
};

type Layer = ReturnType<typeof layerWith>;
const LAYERS = 4;
const inputs = () => [
  grid([3, 4], 1),
  ...Array.from({ length: LAYERS }, (_, i) => [grid([4, 4], 2 + i), grid([4], 3 + i)]).flat(),
];
const loss = (wrap: (layer: Layer) => Layer) => (x: tf.Tensor, ...weights: tf.Tensor[]) => {
  const bias = tf.mul(tf.ones([4]), 0.25), shift = tf.tensor1d([0, 1, 0, -1]);
  const layer = wrap(layerWith(bias));
  let state: State = { h: x, mask: tf.tensor2d([[1], [0], [1]], [3, 1], "int32") };
  for (let i = 0; i < LAYERS; i++) state = layer(state, weights.slice(2 * i, 2 * i + 2), { shift });
  return tf.sum(tf.square(state.h)) as tf.Scalar;
};
const gradientsOf = (wrap: (layer: Layer) => Layer) => (tensors: tf.Tensor[]) =>
  tf.grads(loss(wrap) as never)(tensors);

for (
  const [what, wrap] of [
    ["kept", (layer: Layer) => outlined(layer)],
    ["recomputed", (layer: Layer) => outlined(layer, { recompute: true })],
    ["one inside the other", (layer: Layer) => {
      const inner = outlined(layer);
      return outlined((x: State, w: tf.Tensor[], fixed: { shift: tf.Tensor }) =>
        inner(inner(x, w, fixed), w, fixed)
      );
    }],
  ] as [string, (layer: Layer) => Layer][]
) {
  Deno.test(`outlined layers, ${what}: values and gradients are those of the layers themselves`, () => {
    tf.tidy(() => {
      const nested = what.startsWith("one");
      const plain = (layer: Layer): Layer =>
        nested ? (x, w, fixed) => layer(layer(x, w, fixed), w, fixed) : layer;
      const expected = gradientsOf(plain)(inputs()).map(values);
      const traced = jit(gradientsOf(wrap));
      assert.deepEqual(traced(inputs()).map(values), expected);
      // Outside of traced functions recomputation finds only what is still there.
      if (what !== "recomputed") {
        assert.deepEqual(gradientsOf(wrap)(inputs()).map(values), expected);
      }
      const value = jit((tensors: tf.Tensor[]) => loss(wrap)(...tensors as [tf.Tensor]));
      assert.deepEqual(values(value(inputs())), values(loss(plain)(...inputs() as [tf.Tensor])));
      traced.dispose();
      value.dispose();
    });
  });
}

Deno.test("a layer is recorded once for each set of shapes, whatever the number of layers", () => {
  tf.tidy(() => {
    const traced = jit(gradientsOf((layer) => outlined(layer)));
    runs = 0;
    traced(inputs());
    assert.equal(runs, 1);
    traced.dispose();
  });
});

Deno.test("bfloat16 goes into an outlined function and out of it", () => {
  tf.tidy(() => {
    const traced = jit((x: tf.Tensor, w: tf.Tensor) =>
      tf.grads((x: tf.Tensor, w: tf.Tensor) => {
        const one = outlined((x: tf.Tensor, w: tf.Tensor) => tf.mul(x, w));
        return tf.sum(one(one(x, w, {}), w, {}));
      })([castTo(x, "bfloat16"), castTo(w, "bfloat16")])
    );
    const [dx, dw] = traced(tf.tensor1d([1.5, 2]), tf.tensor1d([2, 3]));
    assert.deepEqual([values(dx), values(dw)], [[4, 9], [6, 12]]);
    traced.dispose();
  });
});

Deno.test("what was recorded is freed with the function around it", () => {
  tf.tidy(() => {
    const before = running().binding.getNumOfTensors();
    const traced = jit(gradientsOf((layer) => outlined(layer)));
    const once = () => {
      const given = inputs();
      tf.dispose([...traced(given), ...given]);
      traced.dispose();
    };
    once();
    const after = running().binding.getNumOfTensors();
    for (let i = 0; i < 5; i++) once();
    assert.equal(running().binding.getNumOfTensors(), after);
    assert.ok(after - before < 20, `${after - before} tensors are left`);
  });
});

Deno.test("a variable inside of an outlined function is refused", () => {
  tf.tidy(() => {
    const weight = tf.variable(tf.scalar(2));
    const traced = jit((x: tf.Tensor) => outlined((x: tf.Tensor) => tf.mul(x, weight))(x, {}, {}));
    assert.throws(() => traced(tf.scalar(1)), /a variable was used inside an outlined function/);
    weight.dispose();
  });
});
