/** Updates against torch.optim, or worked out by hand, and learning rates against transformers. */
import assert from "node:assert/strict";
import { tf } from "@/lib/tensorflow/mod.ts";
import { OPTIMIZER_NAMES, type OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { learningRate, type ScheduleName } from "@/lib/trainers/schedule.ts";
import golden from "@/tests/fixtures/oracles/optimizers.json" with { type: "json" };

/** Values of one weight after each update. */
async function updates(name: OptimizerName, gradients: number[][]): Promise<number[][]> {
  const weights: Record<string, tf.Tensor> = { w: tf.tensor1d(golden.weights) };
  const optimizer = new Optimizer(name, weights), values: number[][] = [];
  for (const [i, gradient] of gradients.entries()) {
    await optimizer.apply(weights, { w: tf.tensor1d(gradient) }, golden.lr, 1, i + 1);
    values.push(Array.from(weights.w.dataSync()));
  }
  optimizer.dispose();
  tf.dispose(weights);
  return values;
}

const close = (value: number, expected: number, what: string) =>
  assert.ok(
    Math.abs(value - expected) <= 1e-6 * Math.abs(expected) + 1e-9,
    `${what}: ${value}, not ${expected}`,
  );

for (const [name, expected] of Object.entries(golden.values)) {
  Deno.test(`${name}: five updates are PyTorch's`, async () => {
    const values = await updates(name as OptimizerName, golden.gradients);
    expected.forEach((row, step) =>
      row.forEach((value, i) => close(values[step][i], value, `update ${step + 1}, weight ${i}`))
    );
  });
}

Deno.test("Lion moves every weight by the learning rate, against the sign of its interpolated momentum", async () => {
  // Momentum after a gradient of 1: 0.01; then −0.05 gives 0.9·0.01 − 0.1·0.05 > 0, and −1 turns the sign.
  const [first, second, third] = await updates("Lion", [
    [1, -1, 0, 1e-8, 1, 1],
    [-0.05, 0.05, 0, 1e-8, 1, 1],
    [-1, 1, 0, 1e-8, 1, 1],
  ]);
  const moved = (values: number[], signs: number[], before: number[]) =>
    values.forEach((value, i) => close(value, before[i] - golden.lr * signs[i], `weight ${i}`));
  moved(first, [1, -1, 0, 1, 1, 1], golden.weights);
  moved(second, [1, -1, 0, 1, 1, 1], first);
  moved(third, [-1, 1, 0, 1, 1, 1], second);
});

Deno.test("every optimiser is checked", () => {
  const checked = [...Object.keys(golden.values), "Lion"];
  assert.deepEqual(OPTIMIZER_NAMES.filter((name) => !checked.includes(name)), []);
});

const NAMES: [string, ScheduleName][] = [
  ["constant_with_warmup", "constant"],
  ["linear", "linear"],
  ["cosine", "cosine"],
];
Deno.test("after warm-up the learning rates of the schedules are transformers'", () => {
  for (const [theirs, lrSchedulerType] of NAMES) {
    const rates = golden.rates[theirs as keyof typeof golden.rates];
    const schedule = { lr: 1, lrSchedulerType, warmupSteps: golden.warmup_steps };
    rates.forEach((rate, update) => {
      if (update < golden.warmup_steps) return;
      close(learningRate(schedule, update, rates.length), rate, `${theirs}, update ${update}`);
    });
  }
});

Deno.test("warm-up goes from 1/(n + 1) to the whole rate in equal steps, as in the reference", () => {
  const schedule = { lr: 4, lrSchedulerType: "constant", warmupSteps: 3 } as const;
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((update) => learningRate(schedule, update, 10)),
    [1, 2, 3, 4, 4],
  );
});
