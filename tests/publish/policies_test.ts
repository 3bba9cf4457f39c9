/** What is taken and what is left out, by option. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { rowsOfFile } from "@/lib/datasets/row-files.ts";
import { publishFolder, type PublishOptions } from "@/lib/publish/publish-folder.ts";
import type { Row, Store } from "@/lib/store/store.ts";
import { withStore } from "@/lib/store/store.ts";
import {
  addPair,
  generation,
  judgement,
  label,
  question,
  withDatabase,
} from "@/tests/datasets/database.ts";

type Rows = Record<string, unknown>[];

/** What is published of a database that `fill` fills: rows of both configs, and what was left out. */
async function published(
  fill: (store: Store) => Promise<unknown>,
  options: PublishOptions,
): Promise<
  { rows: Rows; original: Rows; test: Rows; card: string; dropped: Record<string, number> }
> {
  let found;
  await withDatabase(async ({ folder, db }) => {
    await withStore(db, fill);
    const { dropped } = await publishFolder(db, `${folder}/out`, { testFraction: 0, ...options });
    const read = async (file: string) => {
      const path = `${folder}/out/${file}-00000-of-00001.parquet`;
      try {
        return (await Array.fromAsync(rowsOfFile(path))).map(({ value }) => value);
      } catch {
        return [];
      }
    };
    found = {
      rows: await read("data/train"),
      original: await read("original/train"),
      test: await read("data/test"),
      card: await Deno.readTextFile(`${folder}/out/README.md`),
      dropped,
    };
  });
  return found!;
}

const names = (rows: Rows) => rows.map(({ pair }) => pair);

/** Pairs of one question, with a verdict on each version or none, and votes. */
async function fill(
  store: Store,
  pairs: Record<string, { votes: string[]; verdicts?: [string, string] }>,
): Promise<void> {
  await store.insert("questions", [question("q")], "DO NOTHING");
  for (const [pair, { votes, verdicts }] of Object.entries(pairs)) {
    await addPair(store, pair, "q");
    await store.insert("labels", votes.map((vote, i) => label(pair, `person ${i}`, vote)));
    if (verdicts) {
      await store.insert("judgements", verdicts.map((v, i) => judgement(`${pair}-${i + 1}`, v)));
    }
  }
}

const OPEN = {
  clear: { votes: ["version1"] },
  same: { votes: ["same"], verdicts: ["wrong", "pass"] as [string, string] },
  "same, both pass": { votes: ["same"], verdicts: ["pass", "pass"] as [string, string] },
  "same, not judged": { votes: ["same"] },
  divided: { votes: ["version1", "version2"], verdicts: ["pass", "error"] as [string, string] },
  bad: { votes: ["both_bad"], verdicts: ["pass", "timeout"] as [string, string] },
};

Deno.test("ties and both-bad pairs are left out, or decided by tests where these can", async () => {
  const drop = await published((store) => fill(store, OPEN), {});
  assert.deepEqual(names(drop.rows), ["clear"]);
  assert.deepEqual(drop.dropped, { "both bad": 1, "labelers divided": 1, same: 3 });

  const ties = await published((store) => fill(store, OPEN), { ties: "tests" });
  assert.deepEqual(
    ties.rows.map((r) => [r.pair, r.chosen, r.labeler_kind, r.labelers, r.agreeing]),
    [
      ["clear", '```python\na = "clear"\n```', "human", 1, 1],
      ["divided", '```python\na = "divided"\n```', "tests", 1, 1],
      ["same", '```python\nb = "same"\n```', "tests", 1, 1],
    ],
  );
  assert.deepEqual(ties.dropped, { "both bad": 1, same: 2 });
  assert.match(ties.card, /equally good or were divided on is decided by unit tests/);

  const bad = await published((store) => fill(store, OPEN), { bothBad: "tests" });
  assert.deepEqual(names(bad.rows), ["bad", "clear"]);
});

Deno.test("the config of the original's columns holds undecided pairs too, by number and title", async () => {
  const { original } = await published(async (store) => {
    await store.insert("questions", [question("q", { number: 7, difficulty: "hard" })]);
    await fill(store, {
      clear: { votes: ["version2"] },
      same: { votes: ["same"] },
      bad: { votes: ["both_bad"] },
      divided: { votes: ["version1", "version2"] },
    });
  }, {});
  const of = (name: string, preference: string) => ({
    id: 7,
    difficulty: "hard",
    title: "Title of q",
    description: "Describe q.",
    version1: `a = "${name}"`,
    version2: `b = "${name}"`,
    preference,
  });
  assert.deepEqual(original, [
    of("bad", "both_bad"),
    of("clear", "version2"),
    of("same", "same"),
  ]);
});

Deno.test("few labelers, little agreement, long texts and failing answers are left out and counted", async () => {
  const pairs = {
    three: { votes: ["version1", "version1", "version2"] },
    two: { votes: ["version1", "version1"] },
    one: { votes: ["version1"] },
    failing: {
      votes: ["version1", "version1"],
      verdicts: ["wrong", "error"] as [string, string],
    },
  };
  const many = async (store: Store) => {
    await fill(store, pairs);
    await addPair(store, "long", "q", ["a = 1", `b = "${"é".repeat(3000)}"`]);
    await store.insert("labels", ["ann", "ben"].map((name) => label("long", name, "version1")));
  };
  const strict = await published(many, {
    minLabels: 2,
    minAgreement: 0.7,
    maxCharacters: 3000,
  });
  assert.deepEqual(names(strict.rows), ["two"]);
  assert.deepEqual(strict.dropped, {
    "both fail their tests": 1,
    "too few labelers": 1,
    "too little agreement": 1,
    "too long": 1,
  });
  const exact = await published(many, { minAgreement: 2 / 3, failingBoth: "keep" });
  assert.deepEqual(names(exact.rows), ["failing", "long", "one", "three", "two"]);
  assert.match(exact.card, /At least 0\.6{10,} of them preferred what is chosen/);
});

Deno.test("by the model, agreement is its probability of the choice", async () => {
  const votes = async (store: Store) => {
    await store.insert("questions", [question("q")]);
    for (let i = 0; i < 30; i++) {
      const pair = `p${String(i).padStart(2, "0")}`, truth = i % 2 ? "version1" : "version2";
      await addPair(store, pair, "q");
      await store.insert("labels", [
        ...["ann", "ben", "cat"].map((name) => label(pair, name, truth)),
        // Four that always say the same outvote three, but for the model.
        ...["w", "x", "y", "z"].map((name) => label(pair, `bot ${name}`, "version1")),
      ]);
    }
  };
  const majority = await published(votes, {});
  assert.ok(majority.rows.every(({ chosen }) => String(chosen).includes("a =")));
  const model = await published(votes, { aggregate: "dawid_skene", minAgreement: 0.9 });
  assert.equal(model.rows.length, 30);
  model.rows.forEach(({ chosen, labelers, agreeing }, i) => {
    assert.match(String(chosen), i % 2 ? /a = / : /b = /);
    assert.deepEqual([labelers, agreeing], [7, i % 2 ? 7 : 3]);
  });
  assert.match(model.card, /Dawid and Skene \(1979\)/);
  assert.match(model.card, /\| labeler-[0-9a-f]{8} \| human \| 30 \| 15 \(50 %\) \|/);
  assert.doesNotMatch(model.card, /\b(ann|ben|bot)\b/);
});

Deno.test("a split by day puts later questions into the test split, and says what has no day", async () => {
  const dated = async (store: Store) => {
    const days = { old: "2023-01-01", day: "2024-07-01", late: "2025-01-31", undated: null };
    for (const [slug, released] of Object.entries(days)) {
      await store.insert("questions", [question(slug, { released } as Row)]);
      await addPair(store, `of ${slug}`, slug);
      await store.insert("labels", [label(`of ${slug}`, "ann", "version1")]);
    }
  };
  const { rows, test, card } = await published(dated, { testFrom: "2024-07-01" });
  assert.deepEqual(names(rows), ["of old", "of undated"]);
  assert.deepEqual(names(test), ["of day", "of late"]);
  assert.match(card, /2024-07-01 or later.*1 questions of unknown release/);
});

Deno.test("no question is on both sides and none kept for evaluation on any, whatever the options", () =>
  withDatabase(async ({ folder, db }) => {
    const slugs = Array.from({ length: 40 }, (_, i) => `q${i}`);
    await withStore(db, async (store) => {
      await store.insert(
        "questions",
        slugs.map((slug, i) =>
          question(slug, {
            split: i % 5 === 0 ? "evaluation" : "train",
            released: i % 3 === 0 ? null : `20${10 + i % 15}-06-01`,
          })
        ),
      );
      const ids = slugs.flatMap((slug) => [0, 1, 2].map((n) => ({ slug, id: `${slug}/${n}` })));
      await store.insert(
        "generations",
        ids.flatMap(({ slug, id }) => [generation(`${id}-1`, slug), generation(`${id}-2`, slug)]),
      );
      await store.insert(
        "pairs",
        ids.map(({ slug, id }) => (
          { id, slug, version1: `${id}-1`, version2: `${id}-2`, kind: "generated" }
        )),
      );
      await store.insert(
        "labels",
        ids.flatMap(({ id }, i) => [
          label(id, "ann", ["version1", "version2", "same", "both_bad"][i % 4]),
          label(id, "ben", i % 7 ? "version1" : "same"),
        ]),
      );
    });
    const questions = async (file: string): Promise<Set<string>> => {
      try {
        const rows = await Array.fromAsync(rowsOfFile(`${folder}/out/${file}`));
        return new Set(rows.map(({ value }) => (value.question ?? value.title) as string));
      } catch {
        return new Set();
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          testFraction: fc.double({ min: 0, max: 0.6, noNaN: true }),
          testFrom: fc.constantFrom(null, "2015-01-01", "2020-06-01"),
          aggregate: fc.constantFrom("majority" as const, "dawid_skene" as const),
          minLabels: fc.constantFrom(1, 2),
        }),
        async (options) => {
          await publishFolder(db, `${folder}/out`, options);
          const [train, test] = await Promise.all(
            ["train", "test"].map((side) => questions(`data/${side}-00000-of-00001.parquet`)),
          );
          const [originalTrain, originalTest] = await Promise.all(
            ["train", "test"].map((side) => questions(`original/${side}-00000-of-00001.parquet`)),
          );
          assert.equal(train.intersection(test).size, 0);
          assert.equal(originalTrain.intersection(originalTest).size, 0);
          const all = train.union(test);
          assert.ok(train.size > 0);
          slugs.forEach((slug, i) => assert.ok(i % 5 > 0 || !all.has(slug), slug));
          const titles = originalTrain.union(originalTest);
          slugs.forEach((slug, i) => assert.ok(i % 5 > 0 || !titles.has(`Title of ${slug}`)));
        },
      ),
      { numRuns: 12 },
    );
  }));

Deno.test("an option that cannot be right is refused before anything is read", async () => {
  const refused: [PublishOptions, RegExp][] = [
    [{ minAgreement: 2 }, /min_agreement=2 has to be a number from 0 to 1/],
    [{ minLabels: 0 }, /min_labels=0 has to be a whole number of at least 1/],
    [{ maxCharacters: 1.5 }, /max_characters=1\.5/],
    [{ testFrom: "2024-02-31" }, /test_from=2024-02-31 has to be a day as in 2024-07-01/],
  ];
  for (const [options, pattern] of refused) {
    await assert.rejects(
      publishFolder("nowhere.duckdb", "out", options),
      (error) => error instanceof InputError && pattern.test(error.message),
    );
  }
});

Deno.test("a gold answer decides over all votes of people, which stay as they were", async () => {
  const { rows, original, dropped } = await published(
    async (store) => {
      await fill(store, {
        divided: { votes: ["version1", "version2"] },
        outvoted: { votes: ["version1", "version1", "version2"] },
        unseen: { votes: [] },
        bad: { votes: ["version1"] },
        few: { votes: ["version1"] },
      });
      await store.insert("gold", [
        { pair: "divided", preference: "version2" },
        { pair: "outvoted", preference: "version2" },
        { pair: "unseen", preference: "version2" },
        { pair: "bad", preference: "both_bad" },
      ]);
    },
    { minLabels: 2, minAgreement: 0.6 },
  );
  assert.deepEqual(rows.map((r) => [r.pair, r.chosen, r.labelers, r.agreeing]), [
    ["divided", '```python\nb = "divided"\n```', 2, 1],
    ["outvoted", '```python\nb = "outvoted"\n```', 3, 1],
  ]);
  assert.deepEqual(dropped, { "both bad": 1, "too few labelers": 1 });
  assert.deepEqual(original.map(({ preference }) => preference), [
    "both_bad",
    "version2",
    "version2",
  ]);
});
