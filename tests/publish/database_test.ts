/** Publishing into another database. */
import assert from "node:assert/strict";
import { InputError, OperationError } from "@/lib/errors.ts";
import { publishDatabase } from "@/lib/publish/publish-database.ts";
import { attached, attachStatement } from "@/lib/store/attached.ts";
import { withStore } from "@/lib/store/store.ts";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";

Deno.test("a second database gets both tables with their splits, and again when labels change", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 20);
    const out = `${folder}/new/dataset.duckdb`;
    const { sizes } = await publishDatabase(db, out, { testFraction: 0.3 });
    const read = () =>
      withStore(db, (store) =>
        attached(store, out, async (name) => ({
          preferences: await store.rows(
            `SELECT split, count(*) AS n, min(labeler_kind) AS kind FROM ${name}.preferences GROUP BY split ORDER BY split`,
          ),
          problems: await store.rows(
            `SELECT split, preference, count(*) AS n FROM ${name}.leetcode_problems GROUP BY ALL ORDER BY ALL`,
          ),
        }), { readOnly: true }));
    const { test, train } = sizes.default;
    const found = await read();
    assert.deepEqual(found.preferences, [
      { split: "test", n: test, kind: "human" },
      { split: "train", n: train, kind: "human" },
    ]);
    assert.equal(found.problems.reduce((sum, row) => sum + (row.n as number), 0), 20);
    await publishDatabase(db, out, { testFraction: 0 });
    assert.deepEqual((await read()).preferences, [{ split: "train", n: 20, kind: "human" }]);
  }));

Deno.test("tables of others, the database itself and what is none are left alone", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 5);
    const foreign = `${folder}/foreign.duckdb`;
    await withStore(
      db,
      (store) =>
        attached(
          store,
          foreign,
          (name) => store.run(`CREATE TABLE ${name}.preferences AS SELECT 1 AS mine`),
        ),
    );
    await assert.rejects(
      publishDatabase(db, foreign),
      (e) => e instanceof InputError && /table preferences that was not published/.test(e.message),
    );
    await assert.rejects(publishDatabase(db, db), /is the database that is published/);
    await Deno.writeTextFile(`${folder}/text.duckdb`, "not a database ".repeat(500));
    await assert.rejects(
      publishDatabase(db, `${folder}/text.duckdb`),
      (e) => e instanceof InputError && /text\.duckdb cannot be attached/.test(e.message),
    );
    assert.deepEqual(
      await withStore(
        db,
        (store) =>
          attached(store, foreign, (name) => store.rows(`SELECT * FROM ${name}.preferences`)),
      ),
      [{ mine: 1 }],
    );
  }));

Deno.test("MotherDuck: the exact statements, and what a token is refused for", async () => {
  assert.equal(attachStatement("md:team", false), "ATTACH 'md:team' AS attached_database");
  assert.equal(
    attachStatement("md:_share/leetcode/0f1e-2d", false),
    "ATTACH 'md:_share/leetcode/0f1e-2d' AS attached_database (READ_ONLY)",
  );
  assert.equal(
    attachStatement("/data/it's.duckdb", true),
    "ATTACH '/data/it''s.duckdb' AS attached_database (READ_ONLY)",
  );
  assert.throws(() => attachStatement("md:a' b", false), InputError);

  const before = Deno.env.get("motherduck_token");
  await withDatabase(({ db }) =>
    withStore(db, async (store) => {
      const said: string[] = [];
      const noted = {
        ...store,
        run(sql: string) {
          said.push(sql);
          return sql.startsWith("LOAD")
            ? Promise.reject(new Error("HTTP Error with token abc.def\nstack"))
            : Promise.resolve();
        },
      };
      const attach = () => attached(noted, "md:team", () => Promise.resolve());
      try {
        Deno.env.delete("motherduck_token");
        await assert.rejects(attach(), (e) =>
          e instanceof InputError && /set motherduck_token/.test(e.message));
        Deno.env.set("motherduck_token", "abc def");
        await assert.rejects(attach(), (e) =>
          e instanceof InputError && /holds spaces/.test(e.message));
        assert.deepEqual(said, []);
        Deno.env.set("motherduck_token", "abc.def");
        await assert.rejects(attach(), (e) => {
          assert.ok(e instanceof OperationError);
          assert.match(
            e.message,
            /extension for MotherDuck cannot be had \(HTTP Error with token …\)/,
          );
          return true;
        });
        assert.deepEqual(said, ["INSTALL motherduck", "LOAD motherduck"]);
      } finally {
        if (before === undefined) {
          Deno.env.delete("motherduck_token");
        } else Deno.env.set("motherduck_token", before);
      }
    })
  );
});
