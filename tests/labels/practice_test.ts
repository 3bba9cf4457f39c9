import assert from "node:assert/strict";
import { judge } from "@/lib/judging/judge.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import { addGold } from "@/lib/labels/gold.ts";
import { Labeling } from "@/lib/labels/labeling.ts";
import {
  addPractice,
  answerPractice,
  listPractice,
  practiceState,
  removePractice,
  skipPractice,
} from "@/lib/labels/practice.ts";
import { PRACTICE_SAMPLE } from "@/lib/labels/practice-sample.ts";
import { SharedFile } from "@/lib/store/shared-file.ts";
import { withStore } from "@/lib/store/store.ts";
import { addPair, addTests, makeDatabase, questionRow } from "@/tests/web/database.ts";

/** By pair: the function, cases with what is expected, and whether version 1 and version 2 give it. */
const TOLD: Record<string, { entry: string; cases: [string, string][]; right: boolean[] }> = {
  "practice-first-index": {
    entry: "first_index",
    cases: [["([4, 7, 7], 7)", "1"], ["([4, 7], 5)", "-1"], ["([], 1)", "-1"]],
    right: [true, false],
  },
  "practice-repeated-value": {
    entry: "has_repeated",
    cases: [["([3, 1, 3],)", "True"], ["([1, 2],)", "False"], ["([],)", "False"]],
    right: [true, true],
  },
  "practice-median": {
    entry: "median",
    cases: [["([9, 1, 5],)", "5"], ["([4, 2],)", "3.0"]],
    right: [false, false],
  },
  "practice-count-words": {
    entry: "count_words",
    cases: [["('to be or  not',)", "4"], ["('',)", "0"]],
    right: [true, true],
  },
  "practice-clamp": {
    entry: "clamp",
    cases: [["(12, 0, 10)", "10"], ["(-1, 0, 10)", "0"], ["(3, 0, 10)", "3"]],
    right: [true, true],
  },
};

const ADA = { secret: "s", labeler: "ada", count: 5 };

Deno.test("the answers of the practice pairs that come with the app hold when their codes are run", async () => {
  await using database = await makeDatabase();
  for (const { pair, question, code1, code2, preference } of PRACTICE_SAMPLE) {
    const { entry, cases, right } = TOLD[pair];
    const row = { ...questionRow(pair, question.number, question.description), entry_point: entry };
    await addPair(database.path, row, [code1, code2], "synthetic");
    await addTests(database.path, pair, cases, entry);
    const judgeable = await withStore(database.path, (store) => readJudgeable(store, pair));
    for (const [i, code] of [code1, code2].entries()) {
      const { verdict } = await judge(judgeable, code);
      assert.equal(verdict === "pass", right[i], `${pair}, version ${i + 1}: ${verdict}`);
    }
    if (right[0] !== right[1]) assert.equal(preference, right[0] ? "version1" : "version2");
    else assert.equal(preference === "both_bad", !right[0], pair);
  }
});

Deno.test("each practice pair is answered once, and no answer is a label", async () => {
  await using database = await makeDatabase();
  await withStore(database.path, async (store) => {
    const said: boolean[] = [];
    for (let i = 0; i < 4; i++) {
      const { next, done, total } = await practiceState(store, ADA);
      assert.deepEqual([done, total], [i, 5]);
      const { pair, a } = next!;
      const known = PRACTICE_SAMPLE.find((sample) => sample.pair === pair)!;
      const answer = i < 2
        ? a.code === known.code1 ? "a" : "b"
        : known.preference as "same" | "both_bad";
      const feedback = await answerPractice(store, ADA, pair, answer);
      said.push(feedback.right);
      assert.equal(feedback.reason, known.reason);
      if (known.preference === "version1") {
        assert.equal(feedback.preference, a.code === known.code1 ? "a" : "b");
      }
      // A second thought is told the same, and changes nothing.
      assert.deepEqual(await answerPractice(store, ADA, pair, "same"), feedback);
    }
    assert.deepEqual(said, [true, false, true, true]);
    assert.equal((await practiceState(store, { ...ADA, labeler: "bob" })).done, 0);
    await skipPractice(store, ADA);
    const { next, done, right } = await practiceState(store, ADA);
    assert.deepEqual([next, done, right], [null, 5, 3]);
    assert.deepEqual(await store.rows("SELECT * FROM labels"), []);
    await assert.rejects(answerPractice(store, ADA, "pair-count-vowels", "a"), /no practice pair/);
  });
});

Deno.test("pairs of the database take the place of those that come with the app, and are labeled no more", async () => {
  await using database = await makeDatabase();
  const pair = "pair-count-vowels";
  await withStore(database.path, async (store) => {
    await assert.rejects(addPractice(store, { pair, preference: "version1", note: null }), /why/);
    await assert.rejects(
      addPractice(store, { pair: "x", preference: null, note: null }),
      /no pair/,
    );
    await addGold(store, { pair, preference: "version1", note: "upper case" });
    await addPractice(store, { pair, preference: null, note: null });
    const { next, total } = await practiceState(store, ADA);
    assert.deepEqual([next!.pair, next!.question.title, total], [pair, "Count Vowels", 1]);
    const { reason } = await answerPractice(store, ADA, pair, "same");
    assert.equal(reason, "upper case");
    assert.deepEqual(await listPractice(store), [
      { pair, preference: "version1", note: "upper case", answered: 1, right: 0 },
    ]);
  });
  const file = new SharedFile(database.path);
  const labeling = await Labeling.open(file);
  assert.equal((await labeling.item("ada")).progress.total, 3);
  await assert.rejects(labeling.item("ada", { pair }), /no pair/);
  await file.lease((store) => removePractice(store, pair));
  assert.equal((await labeling.item("ada")).progress.total, 4);
  await file.close();
});
