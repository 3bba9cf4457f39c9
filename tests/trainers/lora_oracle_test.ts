/** DPO with LoRA on SmolLM2 over three updates against PyTorch's (tests/oracles), in fp32. */
import assert from "node:assert/strict";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { adapterShapes, type LoraSettings } from "@/lib/models/lora.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadFrozenWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { update } from "@/lib/trainers/update.ts";

const read = async (name: string) =>
  await Deno.readTextFile(new URL(`../fixtures/${name}`, import.meta.url));

Deno.test("LoRA: loss, rewards and gradients of 3 updates equal PyTorch's to 1e-3, and the base stays", async () => {
  const golden = JSON.parse(await read("oracles/lora.json"));
  const lora = golden.lora as LoraSettings, s = golden.settings;
  const source = await openModel("smollm2");
  const pairs: TokenizedPair[] = (await read("pairs.jsonl")).trim().split("\n").map((line) =>
    tokenizePair(source.tokenizer, JSON.parse(line), { maxLength: 512, maxPromptLength: 256 })
  );
  const base = await loadFrozenWeights(source, "fp32");
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
  const loss = { name: s.loss, beta: s.beta, labelSmoothing: 0, referenceFree: false };
  const { config } = source, buckets = new Buckets();
  const optimizer = new Optimizer(s.optimizer.name as OptimizerName, weights);
  const steps = new Steps(config, loss, "shared-prompt", "fp32", buckets);
  const trained = {
    ...{ steps, weights, optimizer, precision: "fp32" as const },
    adapted: { base, settings: lora, dropoutSeed: null },
    reference: base,
  };
  const settings = {
    lr: s.lr,
    lrSchedulerType: "constant" as const,
    updates: Infinity,
    warmupSteps: s.warmup_steps,
    maxGradNorm: s.max_grad_norm,
    gradientAccumulationSteps: s.gradient_accumulation_steps,
  };
  const digestOf = (tensor: tf.Tensor) => tensor.dataSync().slice(0, 1000).join();
  const matrix = "model.layers.3.mlp.gate_up_proj.frozen", before = digestOf(base[matrix]);
  for (const [i, expected] of golden.steps.entries()) {
    const batch = (expected.pairs as number[]).map((index) => pairs[index]);
    const norms: Record<string, number> = i === 0 ? golden.gradient_norms_at_first_step : {};
    // Counted from 1: before update 0 policy and reference would have to be equal.
    const report = await update(trained, batch, i + 1, settings, Object.keys(norms));
    const sums = new MetricSums();
    report.results.forEach((result) => sums.add("train", result));
    const means = sums.means();
    const close = (what: string, found: number, wanted: number, floor = 1e-3) =>
      assert.ok(
        Math.abs(found - wanted) <= 1e-3 * Math.max(Math.abs(wanted), floor),
        `update ${i + 1}, ${what}: ${found}, PyTorch ${wanted}`,
      );
    close("loss", means["loss/train"], expected.loss);
    close("gradient norm", report.norm, expected.grad_norm);
    for (const side of ["chosen", "rejected"]) {
      close(`${side} log-probs`, means[`logps_train/${side}`], expected[`logps_${side}`]);
      // Rewards are small differences of large log-probs, which fp32 holds to about 1e-4.
      close(`${side} rewards`, means[`rewards_train/${side}`], expected[`rewards_${side}`], 0.1);
    }
    for (const [tensor, wanted] of Object.entries(norms)) {
      close(`gradient of ${tensor}`, report.norms[tensor], wanted);
    }
  }
  assert.equal(digestOf(base[matrix]), before);
  tf.dispose([weights, base]);
  optimizer.dispose();
  steps.dispose();
  source.close();
});
