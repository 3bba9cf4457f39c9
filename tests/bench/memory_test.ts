import assert from "node:assert/strict";
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

Deno.test("the page of memory has planned, measured and their difference", () => {
  const run = MEMORY_RUNS.find(({ lora, checkpointing }) => lora && checkpointing)!;
  const compared = { ...run, planned: 3 * 2 ** 30, measured: 4 * 2 ** 30 };
  assert.equal(planError(compared), -0.25);
  const page = memoryPage(
    [compared],
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
