import assert from "node:assert/strict";
import { InputError, OperationError } from "@/lib/errors.ts";
import { executeNotebook } from "@/lib/notebooks/run.ts";
import { follow, newestPolicy, openRun, type TrainingRun } from "@/lib/notebooks/training.ts";
import { finishRun, lockRun, metricsLine, writeRun } from "@/tests/web/run-folders.ts";
import { outputsOf, withFolder, writeNotebook } from "./fixture.ts";

function fakeRun(folder: string): { run: TrainingRun; end: (code: number) => void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  return { run: { folder, pid: 0, ended: promise, stop: () => {} }, end: resolve };
}

Deno.test("metrics are followed line by line until the process has ended", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/metrics.jsonl`;
    const { run, end } = fakeRun(folder);
    await Deno.writeTextFile(file, '{"examples":2}\n{"examples":4}\n{"exam');
    const seen: unknown[] = [];
    for await (const { examples } of follow(run)) {
      seen.push(examples);
      if (examples === 4) {
        await Deno.writeTextFile(file, 'ples":6}\n{"examples":8}\n', { append: true });
        end(0);
      }
    }
    assert.deepEqual(seen, [2, 4, 6, 8]);
  });
});

Deno.test("a training that fails is an error with its last lines", async () => {
  await withFolder(async (folder) => {
    const { run, end } = fakeRun(folder);
    await Deno.writeTextFile(`${folder}/output.log`, "starting\nThere is no model x.gguf.\n");
    end(2);
    await assert.rejects(Array.fromAsync(follow(run)), (error) => {
      assert.ok(error instanceof OperationError);
      assert.match(error.message, /exit code 2[^]*There is no model x\.gguf/);
      return true;
    });
  });
});

Deno.test("the newest run with a checkpoint is found", async () => {
  await withFolder(async (folder) => {
    assert.equal(newestPolicy("sft", `${folder}/none`), undefined);
    for (const name of ["sft_2026-01-01", "sft_2026-02-01", "dpo_2026-03-01"]) {
      await Deno.mkdir(`${folder}/${name}/LATEST`, { recursive: true });
    }
    await Deno.mkdir(`${folder}/sft_2026-04-01`);
    assert.equal(newestPolicy("sft", folder), `${folder}/sft_2026-02-01/LATEST/policy`);
  });
});

Deno.test("a run that was started elsewhere is followed by its name until its process ends", async () => {
  await withFolder(async (runs) => {
    await assert.rejects(
      openRun("none", runs),
      (error) => error instanceof InputError && /no run none in .*\/runs lists/.test(error.message),
    );
    const folder = await writeRun(runs, "dpo_2026-01-04", [metricsLine(8, 0.6)]);
    const lock = lockRun(folder);
    const seen: unknown[] = [];
    for await (const { examples } of follow(await openRun("dpo_2026-01-04", runs))) {
      seen.push(examples);
      if (examples === 32) lock[Symbol.dispose]();
      else {
        const next = metricsLine(4 * Number(examples), 0.5);
        const text = JSON.stringify(next) + "\n";
        await Deno.writeTextFile(`${folder}/metrics.jsonl`, text, { append: true });
      }
    }
    assert.deepEqual(seen, [8, 32]);
  });
});

Deno.test("a cell shows a live run's figures in place and ends with the run", async () => {
  await withFolder(async (folder) => {
    const runs = `${folder}/runs`;
    await Deno.mkdir(runs);
    const run = await writeRun(runs, "dpo_2026-01-04", [metricsLine(8, 0.6)]);
    const lock = lockRun(run);
    const path = await writeNotebook(folder, "follow.ipynb", [
      'import { openRun } from "@/lib/notebooks/training.ts";\n' +
      'import { showRun } from "@/lib/notebooks/show-run.ts";\n' +
      `await Deno.writeTextFile("${folder}/begun", "");`,
      `const metrics = await showRun(await openRun("dpo_2026-01-04", "${runs}"));`,
      "metrics.length",
    ]);
    const executed = executeNotebook(path, { out: `${folder}/out` });
    // The run goes on and ends while the cell follows it.
    for await (const { paths } of Deno.watchFs(folder)) {
      if (paths.some((changed) => changed.endsWith("/begun"))) break;
    }
    const text = JSON.stringify(metricsLine(32, 0.25)) + "\n";
    await Deno.writeTextFile(`${run}/metrics.jsonl`, text, { append: true });
    await finishRun(run, 32);
    lock[Symbol.dispose]();
    const [, shown, count] = await outputsOf((await executed).copy!);
    assert.equal(count, "2");
    // One output each, whatever was shown before in its place.
    assert.equal(
      shown,
      "**finished**: 32 of 32 examples, loss 0.25, accuracy 75.0 %, 400 tokens/s" +
        "LossReward accuracyThroughput",
    );
  }, { dir: import.meta.dirname!, prefix: ".follow-" });
});
