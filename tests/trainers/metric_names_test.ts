/** What a run writes is what the reference page tells of, and the other way round. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  EXAMPLE_METRICS,
  LINE_METRICS,
  namesOf,
  UPDATE_METRICS,
} from "@/lib/trainers/metric-names.ts";
import { trainProcess } from "./train-process.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";

Deno.test("every number in metrics.jsonl has a unit and a meaning, and all that have are written", async () => {
  const folder = await Deno.makeTempDir({ prefix: "codepref-test-" });
  try {
    await saveTinyModel(join(folder, "tiny"));
    const run = join(folder, "run");
    const settings = { n_examples: 4, n_eval_examples: 2, eval_batch_size: 2, debug: true };
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      ...settings,
      local_run_dir: run,
    });
    assert.equal(code, 0, stderr);
    const lines = (await Deno.readTextFile(join(run, "metrics.jsonl"))).trim().split("\n")
      .map((line) => JSON.parse(line));
    const written = new Set(lines.flatMap((line) => Object.keys(line)));
    const told = [EXAMPLE_METRICS, UPDATE_METRICS, LINE_METRICS].flatMap(Object.keys);
    assert.deepEqual([...written].sort(), told.flatMap(namesOf).sort());
    for (const line of lines) {
      for (const name of Object.keys(LINE_METRICS)) assert.ok(name in line, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
