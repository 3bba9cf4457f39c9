/** DPO with LoRA on SmolLM2 over three updates against PyTorch's (tests/oracles), in fp32. */
import assert from "node:assert/strict";
import { adapterShapes, type LoraSettings } from "@/lib/models/lora.ts";
import { loadFrozenWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { update } from "@/lib/trainers/update.ts";
import {
  assertUpdate,
  lossOf,
  oracle,
  type OracleSettings,
  type OracleUpdate,
  updateSettingsOf,
} from "./oracle-updates.ts";
import { openSmollm2 } from "./smollm2.ts";

Deno.test("LoRA: loss, rewards and gradients of 3 updates equal PyTorch's to 1e-3, and the base stays", async () => {
  const golden = await oracle("lora");
  const lora = golden.lora as LoraSettings, settings = golden.settings as OracleSettings;
  const { source, pairs } = await openSmollm2();
  const base = await loadFrozenWeights(source, "fp32");
  source.close();
  const weights = Object.fromEntries(
    [...adapterShapes(source.config, lora)].map(([name, shape]) => {
      const factor = golden.initial[name.includes("lora_A") ? "lora_A" : "lora_B"];
      const values = Float32Array.from(
        { length: shape[0] * shape[1] },
        (_, i) => factor * Math.sin(1 + i),
      );
      return [name, tf.tensor(values, shape)];
    }),
  );
  const optimizer = new Optimizer(settings.optimizer.name, weights);
  const steps = new Steps(
    source.config,
    lossOf(settings),
    "shared-prompt",
    "fp32",
    new Buckets(),
  );
  const trained = {
    ...{ steps, weights, optimizer, precision: "fp32" as const },
    adapted: { base, settings: lora, dropoutSeed: null },
    reference: base,
  };
  const digestOf = (tensor: tf.Tensor) => tensor.dataSync().slice(0, 1000).join();
  const matrix = "model.layers.3.mlp.gate_up_proj.frozen", before = digestOf(base[matrix]);
  for (const [i, expected] of (golden.steps as OracleUpdate[]).entries()) {
    const batch = expected.pairs.map((index) => pairs[index]);
    const norms: Record<string, number> = i === 0 ? golden.gradient_norms_at_first_step : {};
    // Counted from 1: before update 0 policy and reference would have to be equal.
    const report = await update(
      trained,
      batch,
      i + 1,
      updateSettingsOf(settings),
      Object.keys(norms),
    );
    assertUpdate(i, report, expected, norms);
  }
  assert.equal(digestOf(base[matrix]), before);
  tf.dispose([weights, base]);
  optimizer.dispose();
  steps.dispose();
});
