/** Training in workers that divide the matrices: the numbers of one process, and what cannot be divided. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { saveTinyModel } from "./tiny-model.ts";
import type { Seen } from "./train-process.ts";
import { assertSameMetrics, metric, type Settings, workerRuns } from "./worker-runs.ts";

const TWO = { trainer: "TensorParallelTrainer", devices: 2 };

const folder = await Deno.makeTempDir();
await saveTinyModel(join(folder, "tiny"));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const { run, good, assertCloseWeights, peaks } = workerRuns(folder);

const firstSample = (name: string) =>
  Deno.readTextFileSync(join(folder, name, "samples.jsonl")).split("\n", 1)[0];

Deno.test("two workers that divide the matrices: losses, held-out metrics, gradient norm and weights of one process", async () => {
  const short = { max_length: 128, max_prompt_length: 64 };
  const sampled = { ...short, sample_during_eval: true, n_eval_model_samples: 1 };
  const alone = await good("alone", sampled), two = await good("two", { ...TWO, ...sampled });
  assertSameMetrics(two, alone);
  const norms = metric(two, "grad_norm");
  for (const [examples, norm] of metric(alone, "grad_norm")) {
    assert.ok(Math.abs(norms.get(examples)! / norm - 1) < 1e-3, `norm after ${examples} examples`);
  }
  assertCloseWeights("two", "alone");
  assert.equal(firstSample("two"), firstSample("alone"), "before training both write the same");
});

Deno.test("one process goes on from what two saved, and two from what one saved; a batch need not be divisible", async () => {
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-6"));
  const settings = { batch_size: 3, n_examples: 12, save_every: 6, do_first_eval: false };
  await good("whole", settings);
  for (const [name, first, second] of [["to-one", TWO, {}], ["to-two", {}, TWO]] as const) {
    const killed = await run(name, { ...settings, ...first }, stop);
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await good(name, { ...settings, ...second });
    assert.match(resumed.stderr, /resumed from .*step-6 /);
    assertCloseWeights(name, "whole");
  }
});

Deno.test("adapters on divided matrices: the numbers and checkpoints of one process, the same inputs dropped out", async () => {
  const lora = { "lora.r": 2, "lora.dropout": 0.2, lr: 1e-2, optimizer: "AdamW" };
  const sampled = { sample_during_eval: true, n_eval_model_samples: 1, max_length: 128 };
  const settings = { ...lora, ...sampled, max_prompt_length: 64 };
  const alone = await good("lora-alone", settings);
  const two = await good("lora-two", { ...settings, ...TWO });
  assertSameMetrics(two, alone);
  assertCloseWeights("lora-two", "lora-alone");
  assert.equal(
    firstSample("lora-two"),
    firstSample("lora-alone"),
    "before training both write the same",
  );
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-8"));
  for (
    const [name, before, after] of [["lora-to-one", TWO, {}], ["lora-to-two", {}, TWO]] as const
  ) {
    const killed = await run(name, { ...settings, ...before }, stop);
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await good(name, { ...settings, ...after });
    assert.match(resumed.stderr, /resumed from .*step-8 /);
    assertCloseWeights(name, "lora-alone");
  }
});

Deno.test("a reference that follows the policy does so in two workers as in one process, also after a resume", async () => {
  const following = {
    ...{ sync_ref_model: true, ref_model_mixup_alpha: 0.5, ref_model_sync_steps: 2 },
    ...{ max_length: 128, max_prompt_length: 64 },
  };
  const alone = await good("following-alone", following);
  const two = await good("following-two", { ...following, ...TWO });
  assertSameMetrics(two, alone);
  assertCloseWeights("following-two", "following-alone");
  const still = metric(await good("still", { ...following, sync_ref_model: false }), "loss/train");
  const moved = metric(alone, "loss/train");
  assert.ok([...moved].some(([examples, loss]) => Math.abs(loss - still.get(examples)!) > 1e-3));
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-8"));
  const killed = await run("following-to-one", { ...following, ...TWO }, stop);
  assert.equal(killed.signal, "SIGKILL", killed.stderr);
  await good("following-to-one", following);
  assertCloseWeights("following-to-one", "following-alone");
});

Deno.test("one worker alone has the numbers of BasicTrainer; so have two in bf16, to its digits", async () => {
  const few = { n_examples: 4, do_first_eval: false, n_eval_examples: 2, save_every: 100 };
  const wanted = metric(await good("few", few), "loss/train");
  const one = await good("one", { ...few, ...TWO, devices: 1 });
  const parts = { precision: "bf16", gradient_accumulation_steps: 2, precompute_reference: true };
  const cache = { reference_cache: join(folder, "cache") };
  const rough = await good("bf16", { ...few, ...TWO, ...parts, ...cache });
  for (const [found, limit] of [[one, 1e-4], [rough, 3e-2]] as const) {
    const losses = metric(found, "loss/train");
    assert.deepEqual([...losses.keys()], [...wanted.keys()]);
    for (const [examples, loss] of losses) {
      const difference = Math.abs(wanted.get(examples)! - loss);
      assert.ok(difference < limit, `off by ${difference} after ${examples} examples`);
    }
  }
  assertCloseWeights("one", "few");
});

Deno.test("the memory that a worker takes falls with the number that the matrices are divided by", async () => {
  const [one, ofTwo] = await peaks("TensorParallelTrainer");
  // Weights, gradients and the optimiser's state are four times the weights; half of that is 300 MB.
  assert.ok(ofTwo < one - 2e8, `of one ${one} bytes, of each of two ${ofTwo}`);
});

Deno.test("matrices that cannot be divided are refused in one sentence, and nothing is made", async () => {
  const cases: [Settings, RegExp][] = [
    [{ devices: 3 }, /cannot divide this model's num_attention_heads=4 by devices=3; take/],
    [{ devices: 4 }, /num_key_value_heads=2 by devices=4; take a number that divides 4, 2, 32/],
  ];
  for (const [change, message] of cases) {
    const { code, stderr } = await run("refused", { ...TWO, ...change });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n\s+at /);
    await assert.rejects(Deno.stat(join(folder, "refused", "config.json")));
  }
});
