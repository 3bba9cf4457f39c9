/** Layers on several devices of one process, and whole runs on them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runProcess } from "../tensorflow/processes/run.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { trainProcess } from "./train-process.ts";

Deno.test("layers on two devices: after an update weights are where their layer is", async () => {
  const script = new URL("./processes/devices.ts", import.meta.url).href;
  for (const [name, device] of Object.entries(await runProcess(script, []))) {
    assert.equal(device, name.startsWith("model.layers.1.") ? "CPU:1" : "CPU:0", name);
  }
});

Deno.test("a run on two devices has the numbers of a run on one, whose checkpoint it goes on from", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const run = (
      name: string,
      settings: Record<string, string | number | boolean>,
      killWhen?: Parameters<typeof trainProcess>[1],
    ) =>
      trainProcess({
        ...tinyRun(folder),
        n_examples: 8,
        save_every: 4,
        local_run_dir: join(folder, name),
        resume: "latest",
        ...settings,
      }, killWhen);
    const losses = (results: Record<string, unknown>[]) =>
      new Map(
        results.filter((line) => line["loss/train"] !== undefined)
          .map((line) => [line.examples, Number(line["loss/train"])]),
      );
    const one = await run("one", { devices: 1 });
    assert.equal(one.code, 0, one.stderr);
    const saved = ({ line }: { line?: string }) =>
      Boolean(line?.includes("saved") && line.includes("step-4"));
    const killed = await run("two", { devices: 1 }, saved);
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await run("two", { devices: 2 });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /resumed from .*step-4 /);
    const both = await run("both", { devices: 2 });
    assert.equal(both.code, 0, both.stderr);
    const wanted = losses(one.results);
    assert.equal(losses(both.results).size, 4);
    for (const { results } of [both, resumed]) {
      for (const [examples, loss] of losses(results)) {
        const alone = wanted.get(examples)!;
        assert.ok(Math.abs(loss - alone) < 1e-4, `${examples} examples: ${loss}, on one ${alone}`);
      }
    }
    const many = await run("many", { devices: 3 });
    assert.equal(many.code, 2);
    assert.match(many.stderr, /devices=3 is more than the 2 layers/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
