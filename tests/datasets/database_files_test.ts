/** Datasets in databases: what was published there, the original project's, MotherDuck's. */
import assert from "node:assert/strict";
import { parseDatasetName } from "@/lib/datasets/dataset-name.ts";
import { openDataset } from "@/lib/datasets/load.ts";
import { InputError } from "@/lib/errors.ts";
import { publishDatabase } from "@/lib/publish/publish-database.ts";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { attached } from "@/lib/store/attached.ts";
import { withStore } from "@/lib/store/store.ts";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";

/** A database beside the one at `db`, made by statements in which `%` is its name. */
const make = (db: string, path: string, statements: readonly string[]) =>
  withStore(db, (store) =>
    attached(store, path, async (name) => {
      for (const sql of statements) await store.run(sql.replaceAll("%", `${name}.main`));
    }));

Deno.test("tables that were published into a database are read as the folder is", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 30);
    const cacheFolder = `${folder}/cache`, options = { testFraction: 0.3 };
    await publishFolder(db, `${folder}/out`, options);
    const path = `${folder}/dataset.duckdb`;
    await publishDatabase(db, path, options);
    const opened = await openDataset(path, { cacheFolder });
    const texts = async (dataset: typeof opened, split: "train" | "test") =>
      [...(await dataset.read(split)).examples].map(({ prompt, responses, pairs }) =>
        JSON.stringify([prompt, responses, pairs])
      ).sort();
    const published = await openDataset(`${folder}/out`, { cacheFolder });
    for (const split of ["train", "test"] as const) {
      assert.deepEqual(await texts(opened, split), await texts(published, split));
    }
    const { source } = await opened.read("train");
    assert.equal(source.path, path);
    assert.deepEqual(source.labelerKinds, { human: source.pairs });

    // The same rows in another order are the same dataset; others are not.
    const shuffled = `${folder}/shuffled.duckdb`;
    await withStore(db, (store) =>
      attached(store, path, async (name) => {
        await store.run(`ATTACH '${shuffled}' AS other`);
        await store.run(
          `CREATE TABLE other.preferences AS SELECT * FROM ${name}.preferences ORDER BY rejected`,
        );
        await store.run("DETACH other");
      }));
    const digest = async (file: string) =>
      (await (await openDataset(file, { cacheFolder })).read("train")).source.digest;
    assert.equal(await digest(shuffled), source.digest);
    await publishDatabase(db, path, { testFraction: 0 });
    assert.notEqual(await digest(path), source.digest);
    assert.deepEqual(
      [...Deno.readDirSync(`${cacheFolder}/databases`)].filter(({ name }) => /partial/.test(name)),
      [],
    );
  }));

Deno.test("the original's table is mapped by name, and what is not known is refused", () =>
  withDatabase(async ({ folder, db }) => {
    await withStore(db, () => Promise.resolve());
    const cacheFolder = `${folder}/cache`;
    const read = async (path: string) =>
      await (await openDataset(path, { cacheFolder, testFraction: 0 })).read("train");
    const table = (columns: string) =>
      `CREATE TABLE %.leetcode_problems AS SELECT ${columns} FROM range(3) t(i)`;
    const known =
      "i AS id, 'Easy' AS difficulty, 'Two Sum' AS title, 'Add ' || i AS description, " +
      "'a' || i AS version1, 'b' || i AS version2, ['version1', 'version2', 'same'][i + 1] AS preference";
    await make(db, `${folder}/original.duckdb`, [table(known)]);
    const { examples, source } = await read(`${folder}/original.duckdb`);
    assert.deepEqual(
      [...examples].map(({ prompt, responses, pairs }) => [prompt, responses, pairs]),
      [["Add 0", ["a0", "b0"], [[0, 1]]], ["Add 1", ["a1", "b1"], [[1, 0]]]],
    );
    assert.deepEqual(source.leftOut, { "no preference": 1 });

    const refused = (path: string, pattern: RegExp) =>
      assert.rejects(
        read(path),
        (error) => error instanceof InputError && pattern.test(error.message),
        String(pattern),
      );
    await make(db, `${folder}/other.duckdb`, [table(known.replace("version1'", "left'"))]);
    await refused(`${folder}/other.duckdb`, /version1, version2, same or both_bad, found "left"/);
    await make(db, `${folder}/columns.duckdb`, [table("i AS id, 'x' AS text")]);
    await refused(`${folder}/columns.duckdb`, /lacks title, description.*found id, text/);
    await make(db, `${folder}/tables.duckdb`, ["CREATE TABLE %.photos AS SELECT 1 AS n"]);
    await refused(
      `${folder}/tables.duckdb`,
      /no table preferences or leetcode_problems; it has photos/,
    );
    await make(db, `${folder}/split.duckdb`, [
      "CREATE TABLE %.preferences AS SELECT 'q' AS prompt, 'a' AS chosen, 'b' AS rejected, 'dev' AS split",
    ]);
    await refused(`${folder}/split.duckdb`, /split has to hold train or test, found "dev"/);
    await refused(db, /a database in which labels are made.*deno task publish db=/);
    await refused(`${folder}/none.duckdb`, /There is no database/);
    await refused(`${folder}/split.duckdb+train=a`, /\+train= is for folders/);
    await Deno.writeTextFile(`${folder}/text.duckdb`, "not a database ".repeat(500));
    await refused(`${folder}/text.duckdb`, /cannot be attached/);
  }));

Deno.test("MotherDuck's databases are named with their colon, and need a token", async () => {
  assert.deepEqual(parseDatasetName("md:team"), { name: "md:team", weight: 1 });
  assert.deepEqual(parseDatasetName("md:_share/leetcode/0f1e-2d:0.5"), {
    name: "md:_share/leetcode/0f1e-2d",
    weight: 0.5,
  });
  const before = Deno.env.get("motherduck_token"), folder = Deno.makeTempDirSync();
  Deno.env.delete("motherduck_token");
  try {
    for (
      const [name, pattern] of [
        ["md:team", /set motherduck_token/],
        ["md:a b", /is no database of MotherDuck's/],
      ] as const
    ) {
      await assert.rejects(
        openDataset(name, { cacheFolder: folder }),
        (error) => error instanceof InputError && pattern.test(error.message),
      );
    }
  } finally {
    if (before !== undefined) Deno.env.set("motherduck_token", before);
    Deno.removeSync(folder, { recursive: true });
  }
});
