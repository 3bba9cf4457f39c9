/** Databases of older versions, made by the statements of their time, under the code of today. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { SCHEMA_VERSION } from "@/lib/store/schema.ts";
import { type Row, type Store, withStore } from "@/lib/store/store.ts";
import { withFolder } from "./folder.ts";

const TABLES = [
  "settings",
  "questions",
  "question_tests",
  "generations",
  "pairs",
  "judgements",
  "labelers",
  "sessions",
  "labels",
  "reservations",
  "gold",
  "dataset_revisions",
  "rounds",
  "runs",
  "metrics",
];

/** A database as another version of the program left it. */
async function foreign(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function contents(store: Store): Promise<Record<string, Row[]>> {
  const found: Record<string, Row[]> = {};
  for (const table of TABLES) {
    found[table] = await store.rows(`SELECT * FROM ${table} ORDER BY ALL`);
  }
  return found;
}

/** What a database holds, read without the code under test. */
async function before(path: string): Promise<Record<string, Row[]>> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const found: Record<string, Row[]> = {};
  for (const table of TABLES) {
    const result = await connection.runAndReadAll(`SELECT * FROM ${table} ORDER BY ALL`);
    found[table] = result.getRowObjectsJson() as Row[];
  }
  connection.closeSync();
  instance.closeSync();
  return found;
}

/** The row with those columns only that it had before, times as they were written then. */
function asBefore(row: Row, old: Row): Row {
  return Object.fromEntries(
    Object.keys(old).map((name) => {
      const value = row[name];
      const time = typeof old[name] === "string" &&
        `${old[name]}`.replace(" ", "T") + "Z" === value;
      return [name, time || String(value) === String(old[name]) ? old[name] : value];
    }),
  );
}

for (const version of [1, 2]) {
  Deno.test(`a database of schema ${version} gets the tables of today and keeps every row, after a crash too`, () =>
    withFolder(async (folder) => {
      const path = join(folder, "old.duckdb");
      const script = new URL(`../fixtures/schemas/version-${version}.sql`, import.meta.url);
      await foreign(path, await Deno.readTextFile(script));
      const old = await before(path);
      for (const table of TABLES) assert.ok(old[table].length > 0, `${table} is empty`);

      const migrated = await withStore(path, contents);
      for (const table of TABLES.filter((name) => name !== "settings")) {
        const kept = migrated[table].map((row, i) => asBefore(row, old[table][i]));
        assert.deepEqual(kept, old[table], table);
      }
      assert.deepEqual(migrated.settings.map(({ key, value }) => [key, value]), [
        ["label_secret", `"${"0123456789abcdef".repeat(4)}"`],
        ["schema_version", String(SCHEMA_VERSION)],
      ]);

      // A copy with its log, as a process that was killed leaves it, is read by replaying the log.
      const copy = join(folder, "copy.duckdb");
      await Deno.copyFile(path, copy);
      await Deno.copyFile(`${path}.wal`, `${copy}.wal`);
      await withStore(copy, async (store) => {
        assert.deepEqual(await contents(store), migrated);
        for (const table of ["accounts", "invitations", "account_sessions"]) {
          assert.deepEqual(await store.rows(`SELECT * FROM ${table}`), []);
        }
        assert.equal((await store.rows("SELECT * FROM leetcode_problems")).length, 3);
        assert.equal((await store.rows("SELECT * FROM leetcode_tests")).length, 3);
      });
    }));
}

Deno.test("a database of a newer schema is refused and left as it is", () =>
  withFolder(async (folder) => {
    const path = join(folder, "newer.duckdb");
    await foreign(
      path,
      `CREATE TABLE settings (key TEXT PRIMARY KEY, value JSON NOT NULL);
       INSERT INTO settings VALUES ('schema_version', '${SCHEMA_VERSION + 1}');
       CREATE TABLE labels (new_column TEXT); INSERT INTO labels VALUES ('kept')`,
    );
    const bytes = await Deno.readFile(path);
    await assert.rejects(
      withStore(path, () => Promise.resolve()),
      (error: Error) =>
        error instanceof InputError &&
        error.message.includes(`schema ${SCHEMA_VERSION + 1}, this one knows ${SCHEMA_VERSION}`),
    );
    assert.deepEqual(await Deno.readFile(path), bytes);
  }));
