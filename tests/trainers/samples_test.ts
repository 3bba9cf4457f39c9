/** Samples at evaluations: what policy and reference answer to held-out prompts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SampleLine } from "@/lib/trainers/samples.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { trainProcess } from "./train-process.ts";

const PAIRS = new URL("../fixtures/pairs.jsonl", import.meta.url).pathname;

async function samplesOf(folder: string, settings: Record<string, string | number | boolean>) {
  const run = join(folder, crypto.randomUUID());
  const { code, stderr } = await trainProcess({
    model: join(folder, "tiny"),
    datasets: `["${PAIRS}"]`,
    test_fraction: 0.3,
    exp_name: "tiny",
    precision: "fp32",
    lr: 0.05,
    warmup_steps: 0,
    batch_size: 2,
    n_examples: 4,
    max_length: 320,
    n_eval_model_samples: 2,
    sample_during_eval: true,
    local_run_dir: run,
    ...settings,
  });
  assert.equal(code, 0, stderr);
  const lines = (await Deno.readTextFile(join(run, "samples.jsonl"))).trim().split("\n")
    .map((line) => JSON.parse(line) as SampleLine);
  const at = (examples: number) => lines.filter((line) => line.examples === examples);
  assert.equal(lines.length, at(0).length + at(4).length);
  return { before: at(0), after: at(4) };
}

Deno.test("at each evaluation the same prompts are answered; policy and reference part while training", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const dpo = { loss: "dpo", "loss.beta": 0.1, precompute_reference: "false" };
    const adapters: Record<string, number>[] = [{}, { "lora.r": 4 }];
    for (const lora of adapters) {
      const { before, after } = await samplesOf(folder, { ...dpo, ...lora });
      assert.equal(before.length, 2);
      assert.equal(new Set(before.map(({ prompt }) => prompt)).size, 2);
      before.forEach(({ prompt, policy, reference, updates }, i) => {
        assert.equal(updates, 0);
        assert.ok(policy.length > 0);
        assert.equal(
          policy,
          reference,
          "the policy is the reference still, with the same random numbers",
        );
        assert.equal(after[i].prompt, prompt);
        assert.equal(after[i].reference, reference);
        assert.notEqual(after[i].policy, policy);
      });
    }
    const { before } = await samplesOf(folder, { loss: "sft" });
    assert.ok(before.every(({ policy, reference }) => policy.length > 0 && reference === null));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
