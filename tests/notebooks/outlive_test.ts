/** A training run that a notebook started outlives the notebook's kernel, whole; real Jupyter, a tiny model. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { isTraining } from "@/lib/evaluation/run-state.ts";
import { summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { executeNotebook, NotebookError } from "@/lib/notebooks/run.ts";
import { follow, openRun, resumeTraining, startTraining } from "@/lib/notebooks/training.ts";
import { verifyCheckpoint } from "@/lib/trainers/checkpoint.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { withFolder, writeNotebook } from "./fixture.ts";

/** So many that the kernel is gone long before the last one. */
const UPDATES = 100;

// Jupyter's Stop sends SIGINT to the kernel's process group; a crash or "Restart" is SIGKILL.
for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test(`a run goes on to its end when its notebook's kernel gets ${signal}`, async () => {
    await withFolder(async (folder) => {
      await saveTinyModel(join(folder, "tiny"));
      const runs = join(folder, "runs"), pid = join(folder, "pid"), begun = join(folder, "begun");
      const settings = { ...tinyRun(folder), n_examples: 2 * UPDATES, do_first_eval: false };
      const path = await writeNotebook(folder, "train.ipynb", [
        'import { follow, startTraining } from "@/lib/notebooks/training.ts";',
        `Deno.writeTextFileSync(${JSON.stringify(pid)}, String(Deno.pid));
const settings = ${JSON.stringify({ ...settings, sample_during_eval: false, db: "none.duckdb" })};
for await (const line of follow(startTraining(settings, ${JSON.stringify(runs)}))) {
  if (line.updates === 1) Deno.writeTextFileSync(${JSON.stringify(begun)}, "");
}`,
      ]);
      const ended = executeNotebook(path).then(
        () => assert.fail("the kernel was not stopped"),
        (error) => error,
      );
      for await (const { paths } of Deno.watchFs(folder, { recursive: false })) {
        if (paths.includes(begun)) break;
      }
      Deno.kill(-Number(await Deno.readTextFile(pid)), signal);
      const error = await ended;
      assert.ok(error instanceof NotebookError, String(error));

      const [{ name }] = [...Deno.readDirSync(runs)];
      const run = join(runs, name);
      assert.ok(await isTraining(run), "the run ended with its kernel");
      const lines = await Array.fromAsync(follow(await openRun(basename(run), runs)));
      const updates = lines.filter((line) => "lr" in line).map((line) => line.updates);
      assert.deepEqual(updates, Array.from({ length: UPDATES }, (_, i) => i + 1));
      const state = await verifyCheckpoint(await Deno.realPath(join(run, "LATEST")));
      assert.deepEqual([state.finished, state.updates], [true, UPDATES]);
      assert.equal((await summarizeRun(run)).updates, UPDATES);
    }, { dir: import.meta.dirname!, prefix: ".outlive-" });
  });
}

Deno.test("a run that is stopped saves, and goes on with the examples that are left", async () => {
  await withFolder(async (folder) => {
    await saveTinyModel(join(folder, "tiny"));
    const settings = {
      ...tinyRun(folder),
      n_examples: 2 * UPDATES,
      do_first_eval: false,
      sample_during_eval: false,
      db: "none.duckdb",
    };
    const first = startTraining(settings, join(folder, "runs"));
    for await (const { updates } of follow(first)) if (Number(updates) >= 1) break;
    first.stop();
    assert.equal(await first.ended, 130);
    const lines = await Array.fromAsync(follow(resumeTraining(first, settings)));
    const updates = lines.filter((line) => "lr" in line).map((line) => line.updates);
    assert.deepEqual(updates, Array.from({ length: UPDATES }, (_, i) => i + 1));
  });
});
