/** Leases on one DuckDB file: turns, transactions, other programs, crashes. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";
import { withFolder } from "./folder.ts";

const goldCount = (db: string) =>
  withStore(
    db,
    async (store) => (await store.row<{ n: number }>("SELECT count(*) AS n FROM gold"))!.n,
  );
const addGold = (db: string, pair: string) =>
  withStore(db, (store) => store.run("INSERT INTO gold VALUES ($1, 'version1', NULL)", [pair]));

Deno.test("many writers at once take turns and lose nothing", () =>
  withFolder(async (folder) => {
    const db = join(folder, "new", "a.duckdb");
    await Promise.all(Array.from({ length: 20 }, (_, i) => addGold(db, `pair ${i}`)));
    assert.equal(await goldCount(db), 20);
  }));

Deno.test("a transaction that throws leaves nothing behind", () =>
  withFolder(async (folder) => {
    const db = join(folder, "a.duckdb");
    await assert.rejects(
      withStore(db, (store) =>
        store.transaction(async () => {
          await store.run("INSERT INTO gold VALUES ('p', 'version1', NULL)");
          throw new RangeError("half way");
        })),
      RangeError,
    );
    assert.equal(await goldCount(db), 0);
  }));

Deno.test("values come back as they went in", () =>
  withFolder(async (folder) => {
    await withStore(join(folder, "a.duckdb"), async (store) => {
      const note = "quotes ' \" and a line\nbreak, é, \u{1F600}";
      const inserted = await store.insert("gold", [
        { pair: "p", preference: "version1", note },
        { pair: "q", preference: "same", note: null },
      ]);
      assert.equal(inserted, 2);
      assert.equal(
        await store.insert("gold", [{ pair: "p", preference: "same", note: "" }], "DO NOTHING"),
        0,
      );
      assert.deepEqual(await store.rows("SELECT * FROM gold ORDER BY pair"), [
        { pair: "p", preference: "version1", note },
        { pair: "q", preference: "same", note: null },
      ]);
      const row = await store.row(
        "SELECT 9007199254740993::BIGINT AS large, 7::BIGINT AS small, TIMESTAMP '2026-01-31 12:00:00' AS at_time",
      );
      assert.deepEqual(row, {
        large: 9007199254740993n,
        small: 7,
        at_time: "2026-01-31T12:00:00Z",
      });
    });
  }));

Deno.test("rows of a process that was killed are there", () =>
  withFolder(async (folder) => {
    const db = join(folder, "a.duckdb");
    const script = `
      import { withStore } from ${
      JSON.stringify(new URL("../../lib/store/store.ts", import.meta.url).href)
    };
      await withStore(${JSON.stringify(db)}, async (store) => {
        await store.run("INSERT INTO gold VALUES ('p', 'version1', NULL)");
        Deno.kill(Deno.pid, "SIGKILL");
        await new Promise(() => {});
      });`;
    const file = join(folder, "writer.ts");
    await Deno.writeTextFile(file, script);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { signal } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", "--config", config, file],
    }).output();
    assert.equal(signal, "SIGKILL");
    assert.equal(await goldCount(db), 1);
  }));

Deno.test("a program that holds the file is named after the wait", () =>
  withFolder(async (folder) => {
    const db = join(folder, "a.duckdb");
    await addGold(db, "p");
    const script = join(folder, "holder.ts");
    await Deno.writeTextFile(
      script,
      `import { DuckDBInstance } from "@duckdb/node-api";
       const instance = await DuckDBInstance.create(${JSON.stringify(db)});
       console.log("held");
       await Deno.stdin.read(new Uint8Array(1));
       instance.closeSync();`,
    );
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const holder = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", "--config", config, script],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    await assert.rejects(
      withStore(db, () => Promise.resolve(), { waitSeconds: 0.1 }),
      (error: Error) =>
        error instanceof OperationError && error.message.includes(db) &&
        error.message.includes(`PID ${holder.pid}`),
    );
    await holder.stdin.close();
    await reader.cancel();
    await holder.status;
    assert.equal(await goldCount(db), 1);
  }));

Deno.test("a holder among our own processes is waited for no longer than asked", () =>
  withFolder(async (folder) => {
    const db = join(folder, "a.duckdb");
    await withStore(db, async () => {
      await assert.rejects(
        withStore(db, () => Promise.resolve(), { waitSeconds: 0.1 }),
        (error: Error) =>
          error instanceof OperationError &&
          /in use by another codepref process/.test(error.message),
      );
    });
    assert.equal(await goldCount(db), 0);
  }));

Deno.test("files that are no database of ours are refused and left alone", () =>
  withFolder(async (folder) => {
    const text = join(folder, "notes.duckdb"), newer = join(folder, "newer.duckdb");
    await Deno.writeTextFile(
      text,
      "these are no tables, but a text that is long enough to be one".repeat(100),
    );
    await assert.rejects(withStore(text, () => Promise.resolve()), InputError);
    assert.match(await Deno.readTextFile(text), /^these are no tables/);

    const instance = await DuckDBInstance.create(newer);
    const connection = await instance.connect();
    await connection.run(
      "CREATE TABLE settings (key TEXT, value JSON); INSERT INTO settings VALUES ('schema_version', '999')",
    );
    connection.closeSync();
    instance.closeSync();
    await assert.rejects(
      withStore(newer, () => Promise.resolve()),
      (error: Error) =>
        error instanceof InputError && /newer codepref \(schema 999/.test(error.message),
    );
    await assert.rejects(
      withStore(join(folder, "missing.duckdb"), () => Promise.resolve(), { create: false }),
      (error: Error) => error instanceof InputError && /no database at/.test(error.message),
    );
  }));

Deno.test("a database of the first schema gets the columns that came later", () =>
  withFolder(async (folder) => {
    const path = join(folder, "old.duckdb");
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run(`
      CREATE TABLE settings (key TEXT PRIMARY KEY, value JSON NOT NULL);
      INSERT INTO settings VALUES ('schema_version', '1');
      CREATE TABLE questions (
        slug TEXT PRIMARY KEY, number INTEGER, title TEXT, difficulty TEXT, topics TEXT[], description TEXT,
        examples TEXT[], constraints TEXT, entry_point TEXT, starter_code TEXT, harness JSON, reference_code TEXT,
        source TEXT, source_version TEXT, licence TEXT, redistributable BOOLEAN, split TEXT
      );
      INSERT INTO questions (slug) VALUES ('two-sum');
      CREATE TABLE question_tests (slug TEXT, position INTEGER, input TEXT, expected TEXT, PRIMARY KEY (slug, position));
    `);
    connection.closeSync();
    instance.closeSync();
    await withStore(path, async (store) => {
      assert.deepEqual(
        await store.rows("SELECT slug, unrunnable, reference_seconds FROM questions"),
        [{ slug: "two-sum", unrunnable: null, reference_seconds: null }],
      );
      assert.deepEqual(await store.rows("SELECT flaw FROM question_tests"), []);
    });
  }));

Deno.test("the original project's SELECTs work", () =>
  withFolder(async (folder) => {
    await withStore(join(folder, "a.duckdb"), async (store) => {
      await store.run(
        `INSERT INTO questions (slug, number, title, difficulty, topics, description, examples, constraints,
           entry_point, starter_code, source, source_version, licence, redistributable, split)
         VALUES ('two-sum', 1, 'Two Sum', 'easy', [], 'Add.', [], '', 'two_sum', '', 'leetcode', '1', 'unknown',
           false, 'train')`,
      );
      await store.run(
        `INSERT INTO question_tests (slug, position, input, expected) VALUES ('two-sum', 0, '([2, 7], 9)', '[0, 1]'), ('two-sum', 1, '([3, 3], 6)', '[0, 1]')`,
      );
      for (const [id, code] of [["g1", "a"], ["g2", "b"]]) {
        await store.run(
          `INSERT INTO generations (id, request_key, variant, slug, prompt, options, model, model_digest, provider,
             raw_text, code, status, done_reason, prompt_tokens, completion_tokens, milliseconds)
           VALUES ($1, $1, 0, 'two-sum', '', '{}', 'm', '', 'ollama', '', $2, 'ok', 'stop', 1, 1, 1)`,
          [id, code],
        );
      }
      await store.run(
        "INSERT INTO pairs (id, slug, version1, version2, kind) VALUES ('p', 'two-sum', 'g1', 'g2', 'generated')",
      );
      const label = (
        id: string,
        kind: string,
        preference: string | null,
        action: string,
        supersedes: string | null,
      ) =>
        store.run(
          `INSERT INTO labels (id, client_id, pair, showing, action, supersedes, labeler, labeler_kind, preference,
             side_order, active_ms, wall_ms, revealed)
           VALUES ($1, $1, 'p', 1, $2, $3, 'l', $4, $5, '12', 1, 1, '[]')`,
          [id, action, supersedes, kind, preference],
        );
      const problem = () =>
        store.row("SELECT id, title, version1, version2, preference FROM leetcode_problems");
      const expected = { id: 1, title: "Two Sum", version1: "a", version2: "b" };
      assert.deepEqual(await problem(), { ...expected, preference: null });
      await label("t", "tests", "version2", "label", null);
      assert.deepEqual(await problem(), { ...expected, preference: "version2" });
      await label("h", "human", "version1", "label", null);
      assert.deepEqual(await problem(), { ...expected, preference: "version1" });
      await label("u", "human", null, "undo", "h");
      assert.deepEqual(await problem(), { ...expected, preference: "version2" });
      assert.deepEqual(await store.row("SELECT * FROM leetcode_tests"), {
        id: 1,
        function_name: "two_sum",
        inputs: ["([2, 7], 9)", "([3, 3], 6)"],
        outputs: ["[0, 1]", "[0, 1]"],
      });
    });
  }));
