/** Ten updates of DPO on SmolLM2 against PyTorch's (tests/oracles): in fp32, and in bf16 against its autocast. */
import assert from "node:assert/strict";
import type { LayoutKind } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { frozenWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update } from "@/lib/trainers/update.ts";
import { loadSmollm2 } from "./smollm2.ts";

interface Settings {
  beta: number;
  optimizer: { name: OptimizerName };
  lr: number;
  warmup_steps: number;
  max_grad_norm: number;
}

/** One update, before it was made: means over its pairs. */
interface Point {
  pairs: number[];
  loss: number;
  grad_norm: number;
  rewards_chosen: number;
  rewards_rejected: number;
}

const golden = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../fixtures/oracles/${name}.json`, import.meta.url)));

/** The curve of a run over the given batches; by default in the layout that training takes by itself. */
async function curve(
  s: Settings,
  batches: number[][],
  precision: Precision,
  layout: LayoutKind = "shared-prompt",
): Promise<Point[]> {
  const { source, weights, pairs } = await loadSmollm2();
  const loss = { name: "dpo" as const, beta: s.beta, labelSmoothing: 0, referenceFree: false };
  const trained: Trained = {
    steps: new Steps(source.config, loss, layout, precision, new Buckets()),
    weights,
    reference: frozenWeights(weights, precision),
    optimizer: new Optimizer(s.optimizer.name, weights),
    precision,
  };
  const settings = {
    lr: s.lr,
    lrSchedulerType: "constant" as const,
    updates: Infinity,
    warmupSteps: s.warmup_steps,
    maxGradNorm: s.max_grad_norm,
    gradientAccumulationSteps: 1,
  };
  const points: Point[] = [];
  for (const [i, indices] of batches.entries()) {
    const report = await update(trained, indices.map((index) => pairs[index]), i, settings);
    const sums = new MetricSums();
    report.results.forEach((result) => sums.add("train", result));
    const means = sums.means();
    points.push({
      pairs: indices,
      loss: means["loss/train"],
      grad_norm: report.norm,
      rewards_chosen: means["rewards_train/chosen"],
      rewards_rejected: means["rewards_train/rejected"],
    });
  }
  tf.dispose([trained.weights, trained.reference!]);
  trained.optimizer.dispose();
  trained.steps.dispose();
  return points;
}

const { runs } = await golden("curves") as {
  runs: Record<string, { settings: Settings; steps: Point[] }>;
};

for (const [name, { settings, steps }] of Object.entries(runs)) {
  Deno.test(`${name}: ten losses, gradient norms and rewards in fp32 equal PyTorch's to 1e-3`, async () => {
    const moved = steps[0].loss - steps.at(-1)!.loss;
    assert.ok(moved >= 0.1, `the loss moves by ${moved} alone, too little to tell a wrong update`);
    const found = await curve(settings, steps.map(({ pairs }) => pairs), "fp32");
    steps.forEach((wanted, i) => {
      const close = (key: keyof Omit<Point, "pairs">, floor: number) => {
        const difference = Math.abs(found[i][key] - wanted[key]);
        assert.ok(
          difference <= 1e-3 * Math.max(Math.abs(wanted[key]), floor),
          `update ${i + 1}, ${key}: ${found[i][key]}, PyTorch ${wanted[key]}`,
        );
      };
      close("loss", 0);
      close("grad_norm", 0);
      // Rewards are small differences of large log-probs, which fp32 holds to about 1e-4.
      close("rewards_chosen", 0.1);
      close("rewards_rejected", 0.1);
    });
  });
}

/**
 * Whether losses stay among PyTorch's own: no further from the mean of its curves than any two of these have been
 * apart up to that update (where all are ln 2, to fp32's rounding). Up to, since a few curves may happen to meet at
 * one update, while the errors they have gathered by then do not go away.
 *
 * @throws AssertionError naming the first update outside
 */
function assertWithinSpread(losses: number[], curves: number[][]): void {
  let spread = 1e-6;
  losses.forEach((loss, i) => {
    const others = curves.map((curve) => curve[i]);
    const mean = others.reduce((a, b) => a + b) / others.length;
    spread = Math.max(spread, Math.max(...others) - Math.min(...others));
    assert.ok(
      Math.abs(loss - mean) <= spread,
      `update ${i + 1}: loss ${loss}, PyTorch ${mean} ± ${spread}`,
    );
  });
}

const bf16 = await golden("curves_bf16") as { settings: Settings; curves: Record<string, Point[]> };
const bf16Losses = Object.values(bf16.curves).map((steps) => steps.map(({ loss }) => loss));

Deno.test("adamw: ten losses in bf16, mean of our layouts, lie within the spread of PyTorch's autocast over its own", async () => {
  // One curve is one draw: rounding of the weights that lie on ties of bf16 decides where the first update goes.
  const ours: number[][] = [];
  for (const layout of ["padded", "packed", "shared-prompt"] as const) {
    const found = await curve(
      bf16.settings,
      runs.adamw.steps.map(({ pairs }) => pairs),
      "bf16",
      layout,
    );
    ours.push(found.map(({ loss }) => loss));
  }
  const means = ours[0].map((_, i) => ours.reduce((sum, losses) => sum + losses[i], 0) / 3);
  assertWithinSpread(means, bf16Losses);
});

Deno.test("the spread in bf16 is narrow enough to tell other rounding: fp32's losses lie outside", () => {
  const losses = runs.adamw.steps.map(({ loss }) => loss);
  assert.throws(() => assertWithinSpread(losses, bf16Losses), { message: /^update \d+: loss/ });
});
