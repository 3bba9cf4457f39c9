import assert from "node:assert/strict";
import { checkReferences, referenceLine } from "@/lib/judging/check-references.ts";
import { timeLimits } from "@/lib/judging/limits.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { readQuestion, readTests } from "@/lib/questions/question.ts";
import { upsertQuestions } from "@/lib/questions/upsert.ts";
import { withStore } from "@/lib/store/store.ts";
import { judgeable, withQuestions } from "./questions.ts";

Deno.test("a test that its source's own solution fails is left out, and told", async () => {
  await withQuestions([], async (dbPath) => {
    const { question, tests } = doubling();
    await withStore(dbPath, (store) => upsertQuestions(store, "own", [{ question, tests }]));
    const report = await checkReferences(dbPath);
    assert.deepEqual(report, {
      checked: 1,
      flawed: [{ slug: "double", position: 1, reason: "wrong" }],
    });
    assert.match(referenceLine(report), /1 tests are left out.*double 1 \(wrong\)/);
    const judged = await judgeable(dbPath, "double");
    assert.deepEqual(judged.tests.map((test) => test.position), [0, 2]);
    assert.ok(judged.question.reference_seconds! > 0);

    assert.deepEqual(await checkReferences(dbPath), { checked: 0, flawed: [] });
    await withStore(dbPath, async (store) => {
      const again = await upsertQuestions(store, "own", [{ question, tests }]);
      assert.equal(again.unchanged, 1, "what was measured does not make a question another one");
      const changed = tests.map((test) => ({ ...test, expected: "2 * 1" }));
      await upsertQuestions(store, "own", [{ question, tests: changed }]);
      assert.equal((await readQuestion(store, "double")).reference_seconds, null);
      assert.equal((await readTests(store, "double")).length, 3);
    });
  });
});

Deno.test("the time limit is four times the reference solution's, at least 2 s, and 10 s without one", () => {
  const cpu = (reference: number | null) => timeLimits(DEFAULT_LIMITS, reference).cpu_seconds;
  assert.deepEqual([null, 0.01, 0.5, 0.6, 3].map(cpu), [10, 2, 2, 3, 12]);
  assert.equal(timeLimits({ ...DEFAULT_LIMITS, cpu_seconds: 1 }, 3).cpu_seconds, 1);
});

function doubling() {
  const slug = "double";
  const test = (position: number, input: string, expected: string) => ({
    slug,
    position,
    input,
    expected,
  });
  return {
    question: {
      slug,
      number: 1,
      title: "Double",
      difficulty: "easy" as const,
      topics: [],
      description: "Double it.",
      examples: [],
      constraints: "",
      entry_point: "double",
      starter_code: "def double(x):\n    pass",
      harness: {
        prelude: "",
        classes: [],
        functions: { double: "double" },
        module: "def test(input, expected):\n    assert double(*input) == expected",
        statements: {},
      },
      unrunnable: null,
      reference_code: "def double(x):\n    return 2 * x",
      source: "own",
      source_version: "1",
      licence: "MIT",
      redistributable: true,
      split: "train" as const,
    },
    tests: [test(0, "(1,)", "2"), test(1, "(2,)", "5"), test(2, "('a',)", "'aa'")],
  };
}
