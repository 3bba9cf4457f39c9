import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { checkReferences } from "@/lib/judging/check-references.ts";
import { judge } from "@/lib/judging/judge.ts";
import { addQuestion } from "@/lib/questions/add.ts";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { readQuestion, readTests } from "@/lib/questions/question.ts";
import { importFrom, KNOWN_ROWS } from "@/lib/questions/row-source.ts";
import { withStore } from "@/lib/store/store.ts";
import { addPair, label } from "@/tests/datasets/database.ts";
import { judgeable } from "../judging/questions.ts";

const LEETCODE_DATASET = join(import.meta.dirname!, "../fixtures/leetcode-dataset.jsonl");

async function inFolder(work: (folder: string, dbPath: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder, join(folder, "questions.duckdb"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function verdictOf(dbPath: string, slug: string, code: string): Promise<string> {
  return (await judge(await judgeable(dbPath, slug), code)).verdict;
}

Deno.test("rows in LeetCodeDataset's shape become questions, whose wrong tests are found", () =>
  inFolder(async (_, dbPath) => {
    const { columns } = KNOWN_ROWS["leetcode-dataset"];
    const options = { columns, name: "lcd", licence: "Apache-2.0" };
    const first = await importFrom(dbPath, LEETCODE_DATASET, options);
    assert.deepEqual(first, {
      source: "lcd",
      inserted: 2,
      updated: 0,
      unchanged: 0,
      unrunnable: [],
    });
    assert.equal((await importFrom(dbPath, LEETCODE_DATASET, options)).unchanged, 2);
    const references = await checkReferences(dbPath);
    assert.deepEqual(references, {
      checked: 2,
      flawed: [{ slug: "lcd-turn-a-list", position: 2, reason: "wrong" }],
    });
    await withStore(dbPath, async (store) => {
      const question = await readQuestion(store, "lcd-sum-of-two");
      assert.equal(question.entry_point, "sumOfTwo");
      assert.equal(question.difficulty, "easy");
      assert.deepEqual(question.topics, ["Array", "Hash Table"]);
      assert.equal(question.source, "lcd");
      assert.match(question.source_version, /^sha256:[0-9a-f]{64}$/);
      assert.equal(question.licence, "Apache-2.0");
      // Arguments go by their places: a solution may call its parameters as it likes.
      assert.deepEqual((await readTests(store, "lcd-sum-of-two"))[0].input, "([3, 3], 6)");
      const days = await store.rows<{ day: string }>(
        "SELECT CAST(released AS VARCHAR) AS day FROM questions ORDER BY slug",
      );
      assert.deepEqual(days.map(({ day }) => day), ["2015-08-07", "2024-07-02"]);
    });
    const other = `class Solution:
    def sum_of_two(self, numbers, wanted):
        return next([i, j] for j in range(len(numbers)) for i in range(j) if numbers[i] + numbers[j] == wanted)`;
    assert.equal(await verdictOf(dbPath, "lcd-sum-of-two", other), "pass");
    assert.equal(
      await verdictOf(dbPath, "lcd-sum-of-two", "def sumOfTwo(a, b):\n    return [0, 0]"),
      "wrong",
    );
    const turned =
      "def turn(head):\n    values = []\n    while head:\n        values.append(head.val)\n" +
      "        head = head.next\n    return list_node(values[::-1])";
    assert.equal(await verdictOf(dbPath, "lcd-turn-a-list", turned), "pass");
    assert.equal(
      await verdictOf(dbPath, "lcd-turn-a-list", "def turn(head):\n    return head"),
      "wrong",
    );
  }));

Deno.test("CSV, Parquet and JSON Lines with other columns, tests in other forms", () =>
  inFolder(async (folder, dbPath) => {
    const mbpp = join(folder, "Basic Tasks.jsonl");
    const row = {
      task_id: 7,
      text: "Write a function that doubles.",
      code: "def twice(x):\n    return 2 * x",
      test_setup_code: "",
      test_list: ["assert twice(1) == 2", "assert twice('ab') == 'abab'"],
    };
    const columns = {
      id: "task_id",
      description: "text",
      reference: "code",
      prelude: "test_setup_code",
      tests: "test_list",
    };
    await Deno.writeTextFile(mbpp, JSON.stringify(row));
    assert.equal((await importFrom(dbPath, mbpp, { columns })).inserted, 1);
    assert.equal(await verdictOf(dbPath, "basic-tasks-7", row.code), "pass");
    assert.equal(await verdictOf(dbPath, "basic-tasks-7", "def twice(x):\n    return x"), "wrong");

    await Deno.writeTextFile(mbpp, JSON.stringify({ ...row, test_list: ["assert twice(2) == 4"] }));
    assert.equal((await importFrom(dbPath, mbpp, { columns })).updated, 1);
    await withStore(dbPath, async (store) => {
      assert.equal((await readTests(store, "basic-tasks-7")).length, 1);
      await store.run(
        `COPY (SELECT 'Any divisor' AS name, 'A divisor of n but 1.' AS text, 'def divisor(n):' AS code,
           'input[0] % result == 0 and result > 1' AS right_if, '[{"input": [12], "output": null}]' AS cases)
         TO '${join(folder, "rows.parquet")}' (FORMAT parquet)`,
      );
    });
    await Deno.writeTextFile(
      join(folder, "rows.csv"),
      "name,text,code,right_if,cases\nAny divisor,A divisor of n but 1.,def divisor(n):," +
        'input[0] % result == 0 and result > 1,"[{""input"": ""n = 12"", ""output"": ""None""}]"\n',
    );
    for (const name of ["rows.parquet", "rows.csv"]) {
      const report = await importFrom(dbPath, join(folder, name), {
        name: name.replace(".", "-"),
        columns: {
          title: "name",
          description: "text",
          starter_code: "code",
          checker: "right_if",
          tests: "cases",
        },
      });
      assert.deepEqual(report.unrunnable, []);
      const slug = `${name.replace(".", "-")}-any-divisor`;
      for (
        const [answer, verdict] of [["3", "pass"], ["4", "pass"], ["5", "wrong"], ["1", "wrong"]]
      ) {
        const code = `def divisor(n):\n    return ${answer}`;
        assert.equal(await verdictOf(dbPath, slug, code), verdict, `${slug} ${answer}`);
      }
    }
  }));

Deno.test("days of release come from any file, split what is published, and what is none is refused", () =>
  inFolder(async (folder, dbPath) => {
    const columns = { id: "name", description: "text", released: "day" };
    const days = async () =>
      Object.fromEntries(
        (await withStore(dbPath, (store) =>
          store.rows<{ slug: string; released: string | null }>(
            "SELECT slug, released FROM questions ORDER BY slug",
          ))).map(({ slug, released }) => [slug, released]),
      );
    const parquet = join(folder, "dated.parquet");
    await withStore(dbPath, (store) =>
      store.run(
        `COPY (SELECT unnest(['old', 'new', 'unknown']) AS name, 'Do it.' AS text,
           unnest([DATE '2024-01-31', DATE '2024-08-01', NULL]) AS day) TO '${parquet}' (FORMAT parquet)`,
      ));
    await importFrom(dbPath, parquet, { columns });
    assert.deepEqual(await days(), {
      "dated-new": "2024-08-01",
      "dated-old": "2024-01-31",
      "dated-unknown": null,
    });
    const moments = join(folder, "dated.csv");
    const csv = (day: string) =>
      Deno.writeTextFile(
        moments,
        `name,text,day\nold,Do it.,2024-02-29T12:00:00\nnew,Do it.,\nunknown,Do it.,${day}\n`,
      );
    await csv("2024-07-01 00:00:00");
    await importFrom(dbPath, moments, { columns });
    const known = {
      "dated-new": null,
      "dated-old": "2024-02-29",
      "dated-unknown": "2024-07-01",
    };
    assert.deepEqual(await days(), known);
    for (const wrong of ["2024-02-31", "1720000000000", "July 2024"]) {
      await csv(wrong);
      await assert.rejects(
        importFrom(dbPath, moments, { columns }),
        (error) =>
          error instanceof InputError &&
          error.message.includes(`row 3, column day: "${wrong}" is no day as in 2024-07-01`),
      );
    }
    assert.deepEqual(await days(), known);

    await withStore(dbPath, async (store) => {
      for (const slug of Object.keys(known)) {
        await addPair(store, slug, slug);
        await store.insert("labels", [label(slug, "ada", "version1")]);
      }
    });
    const { train, test } = await publishFolder(dbPath, join(folder, "out"), {
      testFrom: "2024-07-01",
    });
    assert.deepEqual([train, test], [2, 1]);
  }));

Deno.test("rows that are no questions are told with their place", () =>
  inFolder(async (folder, dbPath) => {
    const file = join(folder, "rows.jsonl");
    const columns = { id: "id", description: "text", tests: "tests" };
    const rows = (...rows: unknown[]) =>
      Deno.writeTextFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    const good = { id: "a", text: "Do it.", tests: ["assert f(1) == 1"] };
    const cases: [unknown[], RegExp][] = [
      [
        [{ id: "a", text: "Do it." }],
        /rows\.jsonl line 1 has no column tests, which columns\.tests= names; it has id, text/,
      ],
      [[good, { ...good, text: " " }], /line 2: the column text is empty/],
      [[good, good], /line 2 and .*line 1 are both the question rows-a/],
      [[{ ...good, tests: { a: 1 } }], /line 1: object where a list has to be/],
    ];
    for (const [given, message] of cases) {
      await rows(...given);
      await assert.rejects(importFrom(dbPath, file, { columns }), (error: Error) => {
        assert.ok(error instanceof InputError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(importFrom(dbPath, file, { columns: {} }), /columns\.description=/);
    await assert.rejects(importFrom(dbPath, file, { columns, name: "humaneval" }), /another name/);
    await rows(
      { ...good, id: "torn", tests: ["assert f(1"] },
      { ...good, id: "whose", tests: ["assert True"] },
      { ...good, id: "none", tests: [] },
    );
    const { unrunnable } = await importFrom(dbPath, file, { columns });
    assert.match(unrunnable[0].reason, /its tests cannot be read as Python/);
    assert.match(unrunnable[1].reason, /nothing says which function/);
    assert.equal(unrunnable.length, 3);
  }));

Deno.test("a typed question is checked, stored and judged", () =>
  inFolder(async (_, dbPath) => {
    const typed = {
      title: "Pairs that sum up",
      description: "All pairs of numbers with this sum, in any order.",
      starter_code: "def pairs(numbers, total):\n    ",
      tests: [
        { input: "[1, 2, 3], 4", output: "[[1, 3]]" },
        { input: { total: 5, numbers: [1, 2, 3, 4] }, output: [[1, 4], [2, 3]] },
      ],
      checker: "def check(result, expected, numbers, total):\n" +
        "    return sorted(map(sorted, result)) == expected\n",
      reference_code:
        "def pairs(numbers, total):\n    return [[a, b] for i, a in enumerate(numbers) " +
        "for b in numbers[:i] if a + b == total]",
    };
    await withStore(dbPath, async (store) => {
      const { slug } = await addQuestion(store, typed, { author: "kim" });
      assert.equal(slug, "own-pairs-that-sum-up");
      const question = await readQuestion(store, slug);
      assert.equal(question.source_version, "typed by kim");
      assert.equal((await readTests(store, slug))[1].input, "([1, 2, 3, 4], 5)");
      const wrong: [Partial<typeof typed> | { tests: unknown }, RegExp][] = [
        [{}, /There is a question own-pairs-that-sum-up already/],
        [{ title: " " }, /has no title/],
        [{ title: "?" }, /needs a letter/],
        [{ tests: [] }, /has no tests/],
        [
          { title: "x", tests: [{ input: "[1", output: "1" }] },
          /input of test 1 cannot be read as Python/,
        ],
        [
          { title: "x", tests: [{ input: "[1]", output: "1" }] },
          /does not fit the arguments \(numbers, total\)/,
        ],
        [
          { title: "x", tests: [{ input: "open('x'), 1", output: "1" }] },
          /input of test 1 is no plain value/,
        ],
        [{ title: "x", tests: [{ input: "[1], 1", output: "yes sir" }] }, /texts need quotes/],
        [
          { title: "x", checker: "def other():\n    pass" },
          /neither an expression nor a function check/,
        ],
      ];
      for (const [change, message] of wrong) {
        await assert.rejects(
          addQuestion(store, { ...typed, ...change } as typeof typed, { author: "kim" }),
          (error: Error) => error instanceof InputError && message.test(error.message),
          String(message),
        );
      }
      const changed = { ...typed, description: "All of them." };
      const { report } = await addQuestion(store, changed, { author: "kim", replace: slug });
      assert.equal(report.updated, 1);
    });
    assert.deepEqual(await checkReferences(dbPath), { checked: 1, flawed: [] });
    assert.equal(
      await verdictOf(dbPath, "own-pairs-that-sum-up", "def pairs(n, t):\n    return []"),
      "wrong",
    );
  }));
