import assert from "node:assert/strict";
import { join } from "node:path";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { importLeetcode } from "@/lib/questions/leetcode.ts";
import { questionPrompt, readQuestion, readTests } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { upsertQuestions } from "@/lib/questions/upsert.ts";
import { withStore } from "@/lib/store/store.ts";

async function inTempFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("imports every LeetCode question once, however often it is asked to", () =>
  inTempFolder(async (folder) => {
    await withStore(join(folder, "q.duckdb"), async (store) => {
      const first = await importLeetcode(store);
      assert.deepEqual(
        [first.inserted, first.updated, first.unchanged],
        [1405, 0, 0],
      );
      const again = await importLeetcode(store);
      assert.deepEqual([again.inserted, again.updated, again.unchanged], [0, 0, 1405]);
      assert.deepEqual(again.unrunnable, first.unrunnable);

      const counts = await store.row<{ questions: number; runnable: number; unlinked: number }>(
        `SELECT count(*) AS questions, count(harness) AS runnable,
           (SELECT count(*) FROM question_tests WHERE slug NOT IN (SELECT slug FROM questions)) AS unlinked
         FROM questions`,
      );
      assert.equal(counts!.questions, 1405);
      assert.equal(counts!.runnable, 1405 - first.unrunnable.length);
      assert.ok(counts!.runnable >= 1250, `${counts!.runnable} can be judged`);
      assert.equal(counts!.unlinked, 0);

      const question = await readQuestion(store, "two-sum");
      assert.equal(question.number, 1);
      assert.equal(question.difficulty, "easy");
      assert.deepEqual(question.topics, ["Array", "Hash Table"]);
      assert.equal(question.redistributable, false);
      assert.match(question.starter_code, /^class Solution:\n {4}def two_sum\(self, nums/);
      const tests = await readTests(store, "two-sum");
      assert.deepEqual(
        [tests[0].input, tests[0].expected],
        ["([2, 7, 11, 15], 9)", "[0, 1]"],
      );
      const prompt = questionPrompt(question);
      for (const part of ["# Two Sum", "Example 3:", "Constraints:", "def two_sum", "fenced"]) {
        assert.ok(prompt.includes(part), part);
      }

      const remote = await store.row<{ n: number }>(
        `SELECT count(*) AS n FROM questions
         WHERE regexp_matches(description || array_to_string(examples, '') || constraints, '!\\[[^]]*\\]\\(|<img')`,
      );
      assert.equal(remote!.n, 0, "remote images are placeholders");
    });
  }));

Deno.test("imports HumanEval with 82 questions for training and 82 for evaluation", () =>
  inTempFolder(async (folder) => {
    await withStore(join(folder, "q.duckdb"), async (store) => {
      const report = await importHumaneval(store);
      assert.equal(report.inserted, 164);
      assert.deepEqual(report.unrunnable, []);
      const splits = await store.rows(
        "SELECT split, count(*) AS n, count(reference_code) AS solved FROM questions GROUP BY split ORDER BY split",
      );
      assert.deepEqual(splits, [
        { split: "evaluation", n: 82, solved: 82 },
        { split: "train", n: 82, solved: 82 },
      ]);
      const chosen = await selectQuestions(store, { names: ["humaneval"], limit: 5 });
      assert.equal(chosen.length, 5);
      assert.ok(chosen.every((question) => question.split === "train" && question.redistributable));
      await assert.rejects(readQuestion(store, "humaneval-1000"), /did you mean humaneval-10\d?\?/);
    });
  }));

Deno.test("an import takes over what changed in its source, tests that went away included", () =>
  inTempFolder(async (folder) => {
    await withStore(join(folder, "q.duckdb"), async (store) => {
      await importHumaneval(store);
      const question = await readQuestion(store, "humaneval-0");
      const tests = await readTests(store, "humaneval-0");
      const changed = { ...question, title: "another title" };
      const report = await upsertQuestions(store, "humaneval", [
        { question: changed, tests: tests.slice(0, 2) },
      ]);
      assert.deepEqual([report.inserted, report.updated, report.unchanged], [0, 1, 0]);
      assert.equal((await readQuestion(store, "humaneval-0")).title, "another title");
      assert.equal((await readTests(store, "humaneval-0")).length, 2);
      const restored = await importHumaneval(store);
      assert.deepEqual([restored.updated, restored.unchanged], [1, 163]);
      assert.equal((await readTests(store, "humaneval-0")).length, tests.length);
    });
  }));

Deno.test("an empty database and a choice that matches nothing are told apart", () =>
  inTempFolder(async (folder) => {
    await withStore(join(folder, "q.duckdb"), async (store) => {
      await assert.rejects(selectQuestions(store, {}), /no questions yet.*deno task import/);
      await importHumaneval(store);
      await assert.rejects(
        selectQuestions(store, { names: ["easy"] }),
        /No train question matches \[easy\]/,
      );
    });
  }));
