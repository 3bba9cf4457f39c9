import assert from "node:assert/strict";
import { join } from "node:path";
import { RunTables } from "@/lib/evaluation/run-tables.ts";
import { withStore } from "@/lib/store/store.ts";
import { appendLines, metricsLine, withRuns, writeRun } from "@/tests/web/run-folders.ts";

const LOSSES = "SELECT run, examples, value FROM metrics WHERE name = 'loss/train' ORDER BY ALL";

Deno.test("metrics of a run are copied as they come, once, with its configuration and state", async () => {
  await withRuns(async ([runs], parent) => {
    const db = join(parent, "codepref.duckdb");
    await withStore(db, () => Promise.resolve());
    const folder = await writeRun(runs, "dpo_2026-01-04", [metricsLine(8, 0.6)]);
    const rows = (sql: string) => withStore(db, (store) => store.rows(sql));
    const tables = new RunTables(db, folder);
    assert.equal(await tables.copy("running", 5), null);
    const first = { run: "dpo_2026-01-04", examples: 8, value: 0.6 };
    assert.deepEqual(await rows(LOSSES), [first]);

    await appendLines(
      folder,
      "metrics.jsonl",
      JSON.stringify(metricsLine(16, 0.4)) + "\n" +
        JSON.stringify({ examples: 16, updates: 2, "loss/eval": 0.5 }) + "\n",
    );
    assert.equal(await tables.copy("finished", 5), null);
    assert.deepEqual(await rows(LOSSES), [first, { ...first, examples: 16, value: 0.4 }]);
    const held = await rows("SELECT examples, value FROM metrics WHERE name = 'loss/eval'");
    assert.deepEqual(held, [{ examples: 16, value: 0.5 }]);
    assert.deepEqual(
      await rows("SELECT id, exp_name, folder, status, config->>'total_examples' AS n FROM runs"),
      [{ id: "dpo_2026-01-04", exp_name: "dpo", folder, status: "finished", n: "32" }],
    );

    // A process that goes on with the run copies from the beginning and changes nothing.
    const before = await rows("SELECT * FROM metrics ORDER BY ALL");
    assert.equal(await new RunTables(db, folder).copy("running", 5), null);
    assert.deepEqual(await rows("SELECT * FROM metrics ORDER BY ALL"), before);
  });
});

Deno.test("a busy or missing database is no error, and is caught up with later", async () => {
  await withRuns(async ([runs], parent) => {
    const db = join(parent, "codepref.duckdb");
    const folder = await writeRun(runs, "dpo_2026-01-04", [metricsLine(8, 0.6)]);
    const tables = new RunTables(db, folder);
    assert.equal(await tables.copy("running", 5), null);
    await assert.rejects(Deno.stat(db), Deno.errors.NotFound);

    await withStore(db, async () => {
      const why = await tables.copy("running", 0.1);
      assert.match(why!, /not in .*codepref\.duckdb yet: .*in use by another codepref process/);
    });
    assert.equal(await tables.copy("stopped", 5), null);
    assert.equal((await withStore(db, (store) => store.rows(LOSSES))).length, 1);

    const broken = join(parent, "broken.duckdb");
    await Deno.writeTextFile(broken, "no database");
    assert.match(
      (await new RunTables(broken, folder).copy("running", 5))!,
      /not a DuckDB database/,
    );
  });
});
