/** Ten updates of DPO on SmolLM2 against PyTorch's (tests/oracles): in fp32, and in bf16 against its autocast. */
import assert from "node:assert/strict";
import type { LayoutKind } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { frozenWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update, type UpdateReport } from "@/lib/trainers/update.ts";
import {
  assertUpdate,
  lossOf,
  meansOf,
  oracle,
  type OracleSettings,
  type OracleUpdate,
  updateSettingsOf,
} from "./oracle-updates.ts";
import { loadSmollm2 } from "./smollm2.ts";

/** A run over the given batches; by default in the layout that training takes by itself. */
async function curve(
  settings: OracleSettings,
  batches: number[][],
  precision: Precision,
  layout: LayoutKind = "shared-prompt",
): Promise<UpdateReport[]> {
  const { source, weights, pairs } = await loadSmollm2();
  const trained: Trained = {
    steps: new Steps(source.config, lossOf(settings), layout, precision, new Buckets()),
    weights,
    reference: frozenWeights(weights, precision),
    optimizer: new Optimizer(settings.optimizer.name, weights),
    precision,
  };
  const reports: UpdateReport[] = [];
  for (const [i, indices] of batches.entries()) {
    const batch = indices.map((index) => pairs[index]);
    reports.push(await update(trained, batch, i, updateSettingsOf(settings)));
  }
  tf.dispose([trained.weights, trained.reference!]);
  trained.optimizer.dispose();
  trained.steps.dispose();
  return reports;
}

const { runs } = await oracle("curves") as {
  runs: Record<string, { settings: OracleSettings; steps: OracleUpdate[] }>;
};

for (const [name, { settings, steps }] of Object.entries(runs)) {
  Deno.test(`${name}: ten losses, gradient norms and rewards in fp32 equal PyTorch's to 1e-3`, async () => {
    const moved = steps[0].loss - steps.at(-1)!.loss;
    assert.ok(moved >= 0.1, `the loss moves by ${moved} alone, too little to tell a wrong update`);
    const found = await curve(settings, steps.map(({ pairs }) => pairs), "fp32");
    steps.forEach((wanted, i) => assertUpdate(i, found[i], wanted));
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

const bf16 = await oracle("curves_bf16") as {
  settings: OracleSettings;
  curves: Record<string, OracleUpdate[]>;
};
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
    ours.push(found.map((report) => meansOf(report)["loss/train"]));
  }
  const means = ours[0].map((_, i) => ours.reduce((sum, losses) => sum + losses[i], 0) / 3);
  assertWithinSpread(means, bf16Losses);
});

Deno.test("the spread in bf16 is narrow enough to tell other rounding: fp32's losses lie outside", () => {
  const losses = runs.adamw.steps.map(({ loss }) => loss);
  assert.throws(() => assertWithinSpread(losses, bf16Losses), { message: /^update \d+: loss/ });
});
