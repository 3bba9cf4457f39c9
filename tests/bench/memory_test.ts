import assert from "node:assert/strict";
import { growth, stepMemorySection } from "@/lib/bench/step-memory.ts";
import { MEMORY_RUNS, memoryPage, memorySettings, planError } from "@/lib/bench/memory.ts";

Deno.test("memory runs: both losses and precisions, full and LoRA, with and without recomputation, batch 2 to 16", () => {
  for (const loss of ["dpo", "sft"]) {
    for (const precision of ["fp32", "bf16"]) {
      const runs = MEMORY_RUNS.filter((run) => run.loss === loss && run.precision === precision);
      assert.ok(runs.some(({ lora }) => lora) && runs.some(({ lora }) => !lora));
    }
  }
  for (const lora of [true, false]) {
    const runs = MEMORY_RUNS.filter((run) => run.lora === lora);
    assert.deepEqual(new Set(runs.map(({ checkpointing }) => checkpointing)).size, 2);
  }
  const batches = MEMORY_RUNS.map(({ batch }) => batch);
  assert.deepEqual([Math.min(...batches), Math.max(...batches)], [2, 16]);
});

/** A straight line of 1 GiB and 1 MiB a token, and a run that is above it. */
const STEPS = [
  ...[2, 4].map((batch) => ({
    batch,
    checkpointing: false,
    peak: 2 ** 30 + batch * 512 * 2 ** 20,
  })),
  { batch: 4, checkpointing: true, peak: 1.5 * 2 ** 30 },
].map((step) => ({ ...step, model: "SmolLM2-135M" as const, length: 512, kept: 2 ** 30 }));

Deno.test("the page of memory says how it grows with tokens", () => {
  const { perToken, base } = growth(STEPS.slice(0, 2));
  assert.deepEqual([perToken, base].map(Math.round), [2 ** 20, 2 ** 30]);
  const section = stepMemorySection(STEPS);
  assert.match(section, /1\.00 GiB and 1\.00 MiB for each token/);
  assert.match(section, /\| SmolLM2-135M \| 4 × 512 \| yes \| 1\.00 \| 1\.50 \| −50 % \|/);
});

Deno.test("the page of memory has planned, measured and their difference", () => {
  const run = MEMORY_RUNS.find(({ lora, checkpointing }) => lora && checkpointing)!;
  const compared = { ...run, planned: 3 * 2 ** 30, measured: 4 * 2 ** 30 };
  assert.equal(planError(compared), -0.25);
  const page = memoryPage(
    [compared],
    STEPS,
    [{ command: "deno task plan x", output: "fits\n" }],
    "deno task bench memory",
  );
  const settings = `loss=${run.loss} precision=${run.precision} batch_size=${run.batch} lora.r=8 ` +
    "activation_checkpointing=true";
  assert.ok(page.includes(`| \`${settings}\` | 3.00 | 4.00 | −25 % |`), page);
  assert.match(page, /The largest difference is 25 %/);
  assert.match(page, /\$ deno task plan x\nfits\n```/);
  assert.ok(memorySettings(run).includes("lora.r=8"));
});
