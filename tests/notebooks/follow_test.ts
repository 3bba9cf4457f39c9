import assert from "node:assert/strict";
import { OperationError } from "@/lib/errors.ts";
import { follow, newestPolicy, type TrainingRun } from "@/lib/notebooks/training.ts";
import { withFolder } from "./fixture.ts";

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
