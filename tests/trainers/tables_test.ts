/** What `deno task train` tells others while it goes on: the tables, and how many examples there are. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { listRuns } from "@/lib/evaluation/run-list.ts";
import { withStore } from "@/lib/store/store.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

Deno.test("a run is in the tables of its database and among the runs, finished", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const db = join(folder, "codepref.duckdb");
    await withStore(db, () => Promise.resolve());
    const runs = join(folder, "runs");
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      local_dirs: `["${runs}"]`,
      n_examples: 6,
      db,
    });
    assert.equal(code, 0, stderr);
    const [run] = await listRuns([runs]);
    assert.deepEqual(
      [run.state, run.examples, run.total, run.lossName, run.secondsLeft],
      ["finished", 6, 6, "dpo", null],
    );
    const metrics = (await Deno.readTextFile(join(runs, run.name, "metrics.jsonl"))).trim()
      .split("\n").map((line) => JSON.parse(line));
    await withStore(db, async (store) => {
      assert.deepEqual(await store.rows("SELECT id, exp_name, status FROM runs"), [
        { id: run.name, exp_name: "tiny", status: "finished" },
      ]);
      for (const name of ["loss/train", "loss/eval", "lr"]) {
        const sql = "SELECT examples, value FROM metrics WHERE run = $1 AND name = $2 ORDER BY ALL";
        const expected = metrics.filter((line) => name in line)
          .map((line) => ({ examples: line.examples, value: line[name] }));
        assert.deepEqual(await store.rows(sql, [run.name, name]), expected);
        assert.ok(expected.length > 1);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
