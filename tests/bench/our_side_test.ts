import assert from "node:assert/strict";
import { join } from "node:path";
import { CONFIGURATIONS, TRAINING } from "@/lib/bench/configurations.ts";
import { ourSettings, trainOurs } from "@/lib/bench/our-side.ts";
import { builtInPairs } from "@/lib/bench/pairs.ts";
import { jsonLines } from "@/lib/bench/rounds.ts";
import { tokensOf, trainingOrder } from "@/lib/bench/training-order.ts";
import type { TrainingRequest } from "@/lib/bench/training-side.ts";
import { openModel } from "@/lib/models/source.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";

const configuration = (name: string) => CONFIGURATIONS.find((c) => c.name === name)!;
const request = (values: Partial<TrainingRequest>): TrainingRequest => ({
  configuration: configuration("dpo-fp32"),
  model: "model",
  data: "data.jsonl",
  evalData: null,
  examples: 16,
  save: false,
  out: "out",
  threads: 2,
  signal: new AbortController().signal,
  onStep: () => {},
  ...values,
});

Deno.test("our side: the trainer takes the batches that the order says, and tells each step", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const model = join(folder, "model"), data = join(folder, "pairs.jsonl");
    await saveTinyModel(model);
    const source = await openModel(model);
    source.close();
    const { train } = await builtInPairs(source.tokenizer);
    Deno.writeTextFileSync(data, jsonLines(train.slice(0, 24)));
    const order = await trainingOrder(data, "dpo", source.tokenizer);

    let told = 0;
    const run = await trainOurs(request({
      model,
      data,
      examples: 6 * TRAINING.batchSize,
      updates: 4,
      out: folder,
      onStep: () => told++,
    }));
    assert.equal(told, 4);
    assert.deepEqual(
      run.steps.map(({ tokens }) => tokens),
      order.slice(0, 4).map(({ pairs }) => tokensOf(pairs, "dpo")),
    );
    assert.ok(Math.abs(run.steps[0].loss - Math.LN2) < 1e-4);
    assert.ok(run.steps[0].traced);
    assert.ok(
      run.steps.some(({ traced }) => !traced),
      "shapes are planned, so not every step traces",
    );
    const stepped = run.steps.reduce((sum, { seconds }) => sum + seconds, 0);
    assert.ok(stepped > 0 && stepped < run.wallSeconds);
    assert.ok(run.firstStepSeconds < run.wallSeconds);
    assert.ok(!existsIn(join(folder, "run"), "LATEST"), "nothing is saved");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("our side: each configuration asks for what it names", () => {
  const settings = (name: string) => ourSettings(request({ configuration: configuration(name) }));
  assert.ok(settings("dpo").includes("precision=bf16"));
  assert.ok(settings("dpo-precomputed").includes("precompute_reference=true"));
  assert.ok(settings("dpo-fp32").includes("precision=fp32"));
  assert.ok(settings("sft").includes("loss=sft"));
  assert.ok(!settings("sft").some((setting) => setting.startsWith("loss.")));
  assert.ok(settings("lora").includes("lora.targets=[q_proj,v_proj]"));
  assert.ok(!settings("dpo").some((setting) => setting.startsWith("lora")));
});

const existsIn = (folder: string, name: string) =>
  [...Deno.readDirSync(folder)].some((entry) => entry.name === name);
