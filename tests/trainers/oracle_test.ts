/** Losses, gradients and weights of SmolLM2 over three updates against PyTorch's (tests/oracles), in fp32. */
import assert from "node:assert/strict";
import { frozenWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update } from "@/lib/trainers/update.ts";
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

interface OracleRun {
  settings: OracleSettings;
  steps: OracleUpdate[];
  gradient_norms_at_first_step?: Record<string, number>;
}
const { runs } = await oracle("training") as { runs: Record<string, OracleRun> };

for (const [name, run] of Object.entries(runs)) {
  Deno.test(`${name}: loss, gradient and rewards of ${run.steps.length} updates equal PyTorch's to 1e-3`, async () => {
    const { settings } = run, { source, weights, pairs } = await loadSmollm2();
    const layout = settings.loss === "sft" ? "packed" : "shared-prompt";
    const steps = new Steps(source.config, lossOf(settings), layout, "fp32", new Buckets());
    const reference = settings.loss === "sft" ? null : frozenWeights(weights, "fp32");
    const optimizer = new Optimizer(settings.optimizer.name, weights);
    const trained: Trained = { steps, weights, reference, optimizer, precision: "fp32" };
    for (const [i, expected] of run.steps.entries()) {
      const batch = expected.pairs.map((index) => pairs[index]);
      const norms = i === 0 ? run.gradient_norms_at_first_step ?? {} : {};
      const report = await update(
        trained,
        batch,
        i,
        updateSettingsOf(settings),
        Object.keys(norms),
      );
      if (i === 0 && name === "dpo") {
        assert.ok(Math.abs(meansOf(report)["loss/train"] - Math.LN2) < 1e-4);
      }
      assertUpdate(i, report, expected, norms);
    }
    tf.dispose([weights, reference ?? {}]);
    optimizer.dispose();
    steps.dispose();
  });
}
