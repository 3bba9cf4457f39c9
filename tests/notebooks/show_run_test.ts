/** A run in a cell is shown anew while nothing is measured, so that people see that it goes on. */
import assert from "node:assert/strict";
import { executeNotebook } from "@/lib/notebooks/run.ts";
import { metricsLine, writeRun } from "@/tests/web/run-folders.ts";
import { outputsOf, withFolder, writeNotebook } from "./fixture.ts";

Deno.test("the line of a run is written anew while a step takes long, and until says enough", async () => {
  await withFolder(async (folder) => {
    const run = await writeRun(folder, "dpo_2026-01-04", [metricsLine(8, 0.6)]);
    const path = await writeNotebook(folder, "waiting.ipynb", [
      // What is shown goes by here on its way to the notebook.
      `import { showRun } from "@/lib/notebooks/show-run.ts";
const waits = new Set<string>();
const { promise: ended, resolve: end } = Promise.withResolvers<number>();
const { display, $display } = Deno.jupyter;
Deno.jupyter.display = (what, options) => {
  const text = String((what as any)[$display]()["text/plain"]);
  const [, wait] = text.match(/8 of 32 examples.*, (\\d+ s) in this step/) ?? [];
  if (wait && waits.add(wait).size === 2) end(0);
  return display(what, options);
};`,
      `const folder = ${JSON.stringify(run)};
const metrics = await showRun({ folder, ended });
metrics.length;`,
      `const never = new Promise<number>(() => {});
(await showRun({ folder, ended: never }, { until: ({ examples }) => examples === 8 })).length;`,
    ]);
    const { copy } = await executeNotebook(path, { out: `${folder}/out`, timeoutSeconds: 60 });
    const [, followed, enough] = await outputsOf(copy!);
    assert.match(followed, /1$/);
    assert.match(enough, /1$/);
  }, { dir: import.meta.dirname!, prefix: ".show-run-" });
});
