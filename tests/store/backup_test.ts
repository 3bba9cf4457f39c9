/** Backups of a database that others use, and their way back. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { backup, restore } from "@/lib/store/backup.ts";
import { SCHEMA_VERSION } from "@/lib/store/schema.ts";
import { withStore } from "@/lib/store/store.ts";
import { withFolder } from "./folder.ts";

const addGold = (db: string, pair: string) =>
  withStore(db, (store) => store.run("INSERT INTO gold VALUES ($1, 'version1', NULL)", [pair]));
const goldOf = (db: string) =>
  withStore(db, async (store) => {
    const rows = await store.rows<{ pair: string }>("SELECT pair FROM gold ORDER BY pair");
    return rows.map(({ pair }) => pair);
  });
const filesOf = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("a backup made among writers holds all rows of a moment, keys and views too, and comes back whole", () =>
  withFolder(async (folder) => {
    const db = join(folder, "a.duckdb"), copy = join(folder, "copies", "it's a copy.duckdb");
    await addGold(db, "before");
    const writers = Array.from({ length: 10 }, (_, i) => addGold(db, `beside ${i}`));
    const counts = await backup(db, copy);
    await Promise.all(writers);
    await addGold(db, "after");
    assert.equal((await goldOf(db)).length, 12);
    assert.deepEqual(filesOf(join(folder, "copies")), ["it's a copy.duckdb"]);

    const readers = Array.from({ length: 5 }, () => goldOf(db));
    const { former, counts: restored } = await restore(copy, db);
    await Promise.all(readers);
    assert.deepEqual(restored, counts);
    const back = await goldOf(db);
    assert.equal(back.length, counts.gold);
    assert.ok(back.includes("before") && !back.includes("after"));
    assert.equal((await goldOf(former!)).length, 12, "what was there is kept");
    await assert.rejects(addGold(db, "before"), /Constraint|duplicate/i, "keys are keys again");
    await withStore(db, (store) => store.rows("SELECT * FROM leetcode_problems"));
    await addGold(db, "later");
    assert.equal((await goldOf(db)).length, counts.gold + 1);
  }));

Deno.test("a backup becomes a database where there is none", () =>
  withFolder(async (folder) => {
    const [db, copy] = ["a", "b"].map((name) => join(folder, `${name}.duckdb`));
    await addGold(db, "one");
    await backup(db, copy);
    const target = join(folder, "new", "c.duckdb");
    assert.equal((await restore(copy, target)).former, undefined);
    assert.deepEqual(await goldOf(target), ["one"]);
  }));

Deno.test("what is no backup of ours is refused, and the database stays as it was", () =>
  withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const db = at("a.duckdb");
    await addGold(db, "one");
    await Deno.writeTextFile(
      at("text.duckdb"),
      "not a database, but long enough to be one".repeat(400),
    );
    const instance = await DuckDBInstance.create(at("newer.duckdb"));
    const connection = await instance.connect();
    await connection.run("CREATE TABLE settings (key TEXT PRIMARY KEY, value JSON NOT NULL)");
    await connection.run(`INSERT INTO settings VALUES ('schema_version', '${SCHEMA_VERSION + 1}')`);
    connection.closeSync();
    instance.closeSync();
    const before = filesOf(folder);
    const cases: [string, RegExp][] = [
      ["nowhere.duckdb", /there is no backup at .*nowhere/],
      ["text.duckdb", /text\.duckdb is not a DuckDB database/],
      ["newer.duckdb", /newer\.duckdb was written by a newer codepref/],
    ];
    for (const [name, message] of cases) {
      await assert.rejects(
        restore(at(name), db),
        (error: Error) => error instanceof InputError && message.test(error.message),
      );
      assert.deepEqual(filesOf(folder), before);
    }
    assert.deepEqual(await goldOf(db), ["one"]);
    await assert.rejects(backup(db, at("text.duckdb")), /is there already/);
    await assert.rejects(backup(at("none.duckdb"), at("copy.duckdb")), /There is no database at/);
  }));
