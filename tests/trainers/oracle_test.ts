/** Losses, gradients and weights of SmolLM2 over three updates against PyTorch's (tests/oracles), in fp32. */
import assert from "node:assert/strict";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { LossName } from "@/lib/losses/mod.ts";
import { openModel } from "@/lib/models/source.ts";
import { frozenWeights, loadWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update } from "@/lib/trainers/update.ts";

interface OracleRun {
  settings: {
    loss: LossName;
    beta: number;
    label_smoothing: number;
    reference_free: boolean;
    optimizer: { name: OptimizerName };
    lr: number;
    warmup_steps: number;
    max_grad_norm: number;
    gradient_accumulation_steps: number;
  };
  steps: Record<string, number | number[]>[];
  gradient_norms_at_first_step?: Record<string, number>;
}

const read = async (name: string) =>
  await Deno.readTextFile(new URL(`../fixtures/${name}`, import.meta.url));
const { runs } = JSON.parse(await read("oracles/training.json")) as {
  runs: Record<string, OracleRun>;
};
const source = await openModel("smollm2");
const pairs: TokenizedPair[] = (await read("pairs.jsonl")).trim().split("\n").map((line) =>
  tokenizePair(source.tokenizer, JSON.parse(line), { maxLength: 512, maxPromptLength: 256 })
);

for (const [name, run] of Object.entries(runs)) {
  Deno.test(`${name}: loss, gradient and rewards of ${run.steps.length} updates equal PyTorch's to 1e-3`, async () => {
    const s = run.settings;
    const weights = await loadWeights(source);
    const loss = {
      name: s.loss,
      beta: s.beta,
      labelSmoothing: s.label_smoothing,
      referenceFree: s.reference_free,
    };
    const layout = s.loss === "sft" ? "packed" : "shared-prompt";
    const steps = new Steps(source.config, loss, layout, "fp32", new Buckets());
    const reference = s.loss === "sft" ? null : frozenWeights(weights, "fp32");
    const trained: Trained = {
      steps,
      weights,
      reference,
      precision: "fp32",
      optimizer: new Optimizer(s.optimizer.name, weights),
    };
    const settings = {
      lr: s.lr,
      lrSchedulerType: "constant" as const,
      updates: Infinity,
      warmupSteps: s.warmup_steps,
      maxGradNorm: s.max_grad_norm,
      gradientAccumulationSteps: s.gradient_accumulation_steps,
    };
    for (const [i, expected] of run.steps.entries()) {
      const batch = (expected.pairs as number[]).map((index) => pairs[index]);
      const norms = i === 0 ? run.gradient_norms_at_first_step ?? {} : {};
      const report = await update(trained, batch, i, settings, Object.keys(norms));
      const sums = new MetricSums();
      report.results.forEach((result) => sums.add("train", result));
      const means = sums.means();
      const close = (what: string, found: number, wanted: number, floor = 1e-3) =>
        assert.ok(
          Math.abs(found - wanted) <= 1e-3 * Math.max(Math.abs(wanted), floor),
          `update ${i + 1}, ${what}: ${found}, PyTorch ${wanted}`,
        );
      if (i === 0 && s.loss === "dpo" && s.label_smoothing === 0 && !s.reference_free) {
        assert.ok(Math.abs(means["loss/train"] - Math.LN2) < 1e-4);
      }
      close("loss", means["loss/train"], expected.loss as number);
      close("gradient norm", report.norm, expected.grad_norm as number);
      close("learning rate", report.lr, expected.lr as number, 0);
      close("chosen log-probs", means["logps_train/chosen"], expected.logps_chosen as number);
      if (s.loss !== "sft") {
        close(
          "rejected log-probs",
          means["logps_train/rejected"],
          expected.logps_rejected as number,
        );
        // Rewards are small differences of large log-probs, which fp32 holds to about 1e-4.
        close(
          "chosen rewards",
          means["rewards_train/chosen"],
          expected.rewards_chosen as number,
          0.1,
        );
        close(
          "rejected rewards",
          means["rewards_train/rejected"],
          expected.rewards_rejected as number,
          0.1,
        );
        close("margins", means["rewards_train/margins"], expected.rewards_margins as number, 0.1);
      }
      for (const [tensor, wanted] of Object.entries(norms)) {
        close(`gradient of ${tensor}`, report.norms[tensor], wanted);
      }
    }
    tf.dispose([weights, reference ?? {}]);
    trained.optimizer.dispose();
    steps.dispose();
  });
}
