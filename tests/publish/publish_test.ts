import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { fileDigest } from "@/lib/datasets/digest.ts";
import { inTestSplit } from "@/lib/datasets/order.ts";
import { rowsOfFile } from "@/lib/datasets/row-files.ts";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { publishedLines } from "@/lib/publish/published-lines.ts";
import { openDataset } from "@/lib/datasets/load.ts";
import { withStore } from "@/lib/store/store.ts";
import {
  addPair,
  generation,
  label,
  labeledDatabase,
  question,
  withDatabase,
} from "@/tests/datasets/database.ts";

const TRAIN = "data/train-00000-of-00001.parquet";
const TEST = "data/test-00000-of-00001.parquet";
const rowsOf = async (file: string) =>
  (await Array.fromAsync(rowsOfFile(file))).map(({ value }) => value);
const inTrain = (stem: string) => {
  for (let i = 0;; i++) if (!inTestSplit(`${stem}-${i}`, 0, 0.1)) return `${stem}-${i}`;
};

Deno.test("labels become preferences by vote, and all that is left out is counted", () =>
  withDatabase(async ({ folder, db }) => {
    const slug = inTrain("q");
    await withStore(db, async (store) => {
      await store.insert("questions", [question(slug), question("kept", { split: "evaluation" })]);
      const pairs = [
        ...["majority", "divided", "same", "both", "undone", "human", "revised", "guess"],
      ];
      for (const pair of pairs) await addPair(store, pair, slug);
      await addPair(store, "identical", slug, ["x = 1", "x = 1\n"]);
      await addPair(store, "unread", slug, ["y = 1", null]);
      await addPair(store, "twin", slug, ['a = "majority"', 'b = "majority"']);
      await addPair(store, "evaluation", "kept");
      const tests = { labeler_kind: "tests" };
      await store.insert("labels", [
        label("majority", "ada", "version1"),
        label("majority", "bob", "version1"),
        label("majority", "eve", "version2"),
        label("divided", "ada", "version1"),
        label("divided", "bob", "version2"),
        label("same", "ada", "same"),
        label("both", "ada", "both_bad"),
        label("undone", "ada", "version1"),
        label("undone", "ada", "", { showing: 2, action: "undo", supersedes: "undone/ada/1" }),
        label("human", "unit-tests", "version1", tests),
        label("human", "lint", "version1", tests),
        label("human", "ada", "version2"),
        label("revised", "ada", "version1"),
        label("revised", "ada", "version2", { showing: 2 }),
        label("guess", "reference-solution", "version1", { labeler_kind: "synthetic" }),
        label("identical", "ada", "version1"),
        label("unread", "ada", "version1"),
        label("twin", "ada", "version1"),
        label("evaluation", "ada", "version1"),
      ]);
    });
    const published = await publishFolder(db, `${folder}/out`);
    assert.deepEqual(published.dropped, {
      "both bad": 1,
      duplicate: 1,
      "evaluation question": 1,
      "identical answers": 1,
      "labelers divided": 1,
      same: 1,
      synthetic: 1,
      "unread answer": 1,
    });
    assert.deepEqual([published.train, published.test], [3, 0]);
    const rows = await rowsOf(`${folder}/out/${TRAIN}`);
    assert.deepEqual(
      rows.map((r) => [r.pair, r.chosen, r.rejected, r.labeler_kind, r.labelers, r.agreeing]),
      [
        [
          "human",
          '```python\nb = "human"\n```',
          '```python\na = "human"\n```',
          "human",
          1,
          1,
        ],
        [
          "majority",
          '```python\na = "majority"\n```',
          '```python\nb = "majority"\n```',
          "human",
          3,
          2,
        ],
        [
          "revised",
          '```python\nb = "revised"\n```',
          '```python\na = "revised"\n```',
          "human",
          1,
          1,
        ],
      ],
    );
    assert.match(rows[0].prompt as string, /Describe q-/);
    const card = await Deno.readTextFile(`${folder}/out/README.md`);
    assert.match(card, /license: mit/);
    assert.doesNotMatch(card, /demonstration/);
    assert.doesNotMatch(card, /\bada\b/);
    assert.match(publishedLines(published).join("\n"), /left out: 1 both bad/);

    const demonstration = await publishFolder(db, `${folder}/out`, { includeSynthetic: true });
    assert.deepEqual(demonstration.labelerKinds, { human: 3, synthetic: 1 });
    assert.match(
      await Deno.readTextFile(`${folder}/out/README.md`),
      /1 of the pairs are a demonstration, not evidence/,
    );
  }));

Deno.test("code that holds a fence gets a longer one", () =>
  withDatabase(async ({ folder, db }) => {
    const slug = inTrain("q");
    await withStore(db, async (store) => {
      await store.insert("questions", [question(slug)]);
      await addPair(store, "p", slug, ['\n  s = "```"\n', "t = 1"]);
      await store.insert("labels", [label("p", "ada", "version1")]);
    });
    await publishFolder(db, `${folder}/out`);
    const [row] = await rowsOf(`${folder}/out/${TRAIN}`);
    assert.equal(row.chosen, '````python\n  s = "```"\n````');
  }));

Deno.test("no question is on both sides, and more labels never move one", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 60);
    const sides = async () => {
      const of = async (file: string) =>
        new Set((await rowsOf(`${folder}/out/${file}`)).map((row) => row.question as string));
      return { train: await of(TRAIN), test: await of(TEST) };
    };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1000 }),
        fc.double({ min: 0.2, max: 0.8, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        async (seed, testFraction, more) => {
          await publishFolder(db, `${folder}/out`, { seed, testFraction });
          const before = await sides();
          assert.equal(before.train.intersection(before.test).size, 0);
          await withStore(db, async (store) => {
            for (let i = 0; i < more; i += 10) {
              const id = crypto.randomUUID();
              await addPair(store, id, `question-${(i * 7) % 60}`);
              await store.insert("labels", [label(id, "bob", "version1")]);
            }
          });
          await publishFolder(db, `${folder}/out`, { seed, testFraction });
          const after = await sides();
          assert.equal(after.train.intersection(after.test).size, 0);
          assert.deepEqual([...before.train].sort(), [...after.train].sort());
        },
      ),
      { numRuns: 6 },
    );
  }));

Deno.test("the same labels give the same bytes, in whatever order they were written", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 30);
    const reference = await publishFolder(db, `${folder}/out`, { testFraction: 0.3 });
    const tables = ["questions", "generations", "pairs", "labels", "settings"];
    const rows = await withStore(
      db,
      (store) =>
        Promise.all(
          tables.map((table) => store.rows<Record<string, string>>(`SELECT * FROM ${table}`)),
        ),
    );
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (random) => {
        const other = `${folder}/other-${n++}.duckdb`;
        const shuffled = <T>(list: T[]) =>
          list.map((item) => [random.next().value!, item] as const)
            .sort(([a], [b]) => a - b).map(([, item]) => item);
        await withStore(other, async (store) => {
          for (const [i, table] of tables.entries()) {
            await store.insert(
              table,
              shuffled(rows[i]).map((row) => ({ ...row, ...parsedColumns(row) })),
              "DO NOTHING",
            );
          }
        });
        const published = await publishFolder(other, `${folder}/other`, { testFraction: 0.3 });
        assert.equal(published.digest, reference.digest);
        const original = [TRAIN, TEST].map((file) => file.replace("data", "original"));
        for (const file of [TRAIN, TEST, ...original, "README.md", "figures/difficulty.svg"]) {
          assert.equal(
            await fileDigest(`${folder}/other/${file}`),
            await fileDigest(`${folder}/out/${file}`),
          );
        }
      }),
      { numRuns: 5 },
    );
  }));

/** Columns that the store hands out as JSON text, ready to be inserted again. */
function parsedColumns(row: Record<string, string>) {
  const parsed: Record<string, string[]> = {};
  for (const name of ["options", "revealed", "value"]) {
    if (typeof row[name] === "string") parsed[name] = JSON.parse(row[name]);
  }
  if (row.created_at) parsed.created_at = "2026-01-01 00:00:00" as unknown as string[];
  return parsed;
}

Deno.test("a dataset of ours is replaced as a whole; anything else is left alone", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 12);
    const out = `${folder}/nested/out`;
    const first = await publishFolder(db, out, { testFraction: 0.4 });
    assert.equal(first.changed, true);
    assert.equal((await publishFolder(db, out, { testFraction: 0.4 })).changed, false);
    await publishFolder(db, out, { testFraction: 0 });
    assert.deepEqual((await Array.fromAsync(Deno.readDir(`${out}/data`))).map((e) => e.name), [
      "train-00000-of-00001.parquet",
    ]);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(`${folder}/nested`))).map((e) => e.name), [
      "out",
    ]);
    assert.deepEqual(
      await withStore(db, (store) => store.rows("SELECT count(*) AS n FROM dataset_revisions")),
      [{ n: 2 }],
    );

    const foreign = `${folder}/photos`;
    await Deno.mkdir(foreign);
    await Deno.writeTextFile(`${foreign}/README.md`, "---\nlicense: mit\n---\n");
    await assert.rejects(
      publishFolder(db, foreign),
      (e) => e instanceof InputError && /photos exists and is no dataset/.test(e.message),
    );
    assert.equal(await Deno.readTextFile(`${foreign}/README.md`), "---\nlicense: mit\n---\n");
    await Deno.mkdir(`${folder}/empty`);
    await publishFolder(db, `${folder}/empty`);
  }));

Deno.test("a replacement that was killed between its two renames is undone or finished", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 12);
    const out = `${folder}/out`;
    const { digest } = await publishFolder(db, out);
    await Deno.rename(out, `${out}.previous`);
    await Deno.mkdir(`${folder}/.out.partial/data`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.out.partial/data/left.parquet`, "half");
    assert.deepEqual(await publishFolder(db, out).then((p) => [p.changed, p.digest]), [
      false,
      digest,
    ]);
    assert.equal((await (await openDataset(out)).read("train")).source.digest, digest);
  }));

Deno.test("each step is told, and an interruption leaves what was published before", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 12);
    const out = `${folder}/out`, steps: unknown[] = [];
    const { digest } = await publishFolder(db, out, {
      onStep: (...step) => steps.push(step),
      testFraction: 0,
    });
    assert.deepEqual(steps, [
      [0, 4, "counting votes"],
      [1, 4, "looking through the texts"],
      [2, 4, "writing the tables"],
      [3, 4, "writing the card"],
      [4, 4],
    ]);
    for (const step of steps.slice(0, 4)) {
      const stop = new AbortController();
      const interrupted = publishFolder(db, out, {
        testFraction: 0.5,
        signal: stop.signal,
        onStep: (...now) => now[0] === (step as number[])[0] && stop.abort(),
      });
      await assert.rejects(interrupted, { name: "AbortError" });
      const { source } = await (await openDataset(out)).read("train");
      assert.equal(source.digest, digest);
      assert.deepEqual(
        [...Deno.readDirSync(folder)].filter(({ name }) => /partial/.test(name)),
        [],
      );
    }
  }));

Deno.test("nothing to publish is said in one sentence, with what was left out", () =>
  withDatabase(async ({ folder, db }) => {
    const fails = (pattern: RegExp) =>
      assert.rejects(
        publishFolder(db, `${folder}/out`),
        (error) => error instanceof InputError && pattern.test(error.message),
      );
    await fails(/no database/);
    await withStore(db, (store) => store.insert("questions", [question("q")]));
    await fails(/holds no labels yet.*deno task label/);
    await withStore(db, async (store) => {
      await store.insert("generations", [generation("a", "q"), generation("b", "q")]);
      await store.insert("pairs", [
        { id: "p", slug: "q", version1: "a", version2: "b", kind: "synthetic" },
      ]);
      await store.insert("labels", [label("p", "r", "version1", { labeler_kind: "synthetic" })]);
    });
    await fails(/1 synthetic.*include_synthetic=true/);
    await assert.rejects(
      publishFolder(db, `${folder}/out`, { testFraction: 1 }),
      /test_fraction=1/,
    );
  }));
