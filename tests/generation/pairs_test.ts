import assert from "node:assert/strict";
import { generateAnswers } from "@/lib/generation/answers.ts";
import { TWO_SOLUTIONS_INSTRUCTION, writeInstruction } from "@/lib/generation/instruction.ts";
import { generatedLine } from "@/lib/generation/generated-line.ts";
import { generatePairs } from "@/lib/generation/pairs.ts";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { questionPrompt } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";
import { withQuestions } from "../judging/questions.ts";
import { fenced, scripted } from "./scripted.ts";

const ADD = ["humaneval-53", "humaneval-23", "humaneval-28"]; // add, strlen, concatenate
const choose = (dbPath: string, names = ADD) =>
  withStore(dbPath, (store) => selectQuestions(store, { names }));
const count = (dbPath: string, table: string) =>
  withStore(
    dbPath,
    async (store) => (await store.row<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))!.n,
  );

Deno.test("two solutions of one answer become a pair; again changes nothing and asks nothing", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath);
    const generator = scripted(() => fenced("def f():\n    return 1", "def f():\n    return 2"));
    const first = await generatePairs(dbPath, generator, questions);
    assert.equal(first.pairs.length, 3);
    assert.deepEqual(first.withoutPair, []);
    assert.deepEqual(first.statuses, { ok: 3 });
    assert.ok(generator.asked[0].prompt.startsWith(TWO_SOLUTIONS_INSTRUCTION));
    assert.equal(new Set(generator.asked.map(({ seed }) => seed)).size, 3);

    const again = await generatePairs(dbPath, generator, questions);
    assert.deepEqual(again.pairs, first.pairs);
    assert.equal(generator.asked.length, 3);
    assert.deepEqual([await count(dbPath, "pairs"), await count(dbPath, "generations")], [3, 6]);

    const other = await generatePairs(dbPath, generator, questions, { seed: 1 });
    assert.equal(generator.asked.length, 6);
    assert.notDeepEqual(other.pairs, first.pairs);
  }));

Deno.test("asks again until two solutions differ, and says why where they never do", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const [one, two, three] = await choose(dbPath);
    const answers: Record<string, string[]> = {
      [one.title]: [
        fenced("def f(): return 1"),
        fenced("def f(): return 1  \n"),
        fenced("def f(): return 3"),
      ],
      [two.title]: ["no code", "", "I'm sorry, I cannot do that."],
      [three.title]: [
        fenced("def f(): return 1"),
        fenced("def f(): return 1"),
        fenced("def f(): return 1"),
      ],
    };
    const generator = scripted(({ prompt }) => {
      const title = prompt.match(/^# (.+)$/m)![1];
      return answers[title].shift()!;
    });
    const report = await generatePairs(dbPath, generator, [one, two, three], { maxAttempts: 3 });
    assert.equal(report.pairs.length, 1);
    assert.deepEqual(report.withoutPair, [
      { slug: two.slug, reason: "no solution could be read" },
      { slug: three.slug, reason: "all solutions are identical" },
    ]);
    assert.deepEqual(report.statuses, { ok: 6, unread: 1, empty: 1, refused: 1 });
    assert.equal(await count(dbPath, "generations"), 9, "unread answers are kept");
  }));

Deno.test("attempts made side by side come to the same pairs", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath);
    const answer = ({ seed }: { seed: number }) => fenced(`def f(): return ${seed}`);
    const together = scripted(answer);
    const options = { maxAttempts: 3, attemptsAtOnce: 2 };
    const report = await generatePairs(dbPath, together, questions, options);
    assert.deepEqual([report.pairs.length, together.asked.length], [3, 6]);
    const inTurn = scripted(answer);
    const again = await generatePairs(dbPath, inTurn, questions, { maxAttempts: 3 });
    assert.deepEqual([again.pairs, inTurn.asked], [report.pairs, []]);
  }));

Deno.test("a run that fails in the middle keeps its answers and goes on there", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath);
    const failing = scripted((_, n) => {
      if (n === 2) throw new Error("the server went away");
      return fenced("def f():\n    return 1");
    });
    await assert.rejects(generateAnswers(dbPath, failing, questions), /went away/);
    assert.equal(await count(dbPath, "generations"), 2);
    const working = scripted(() => fenced("def f():\n    return 1"));
    const report = await generateAnswers(dbPath, working, questions);
    assert.deepEqual([report.readable.length, working.asked.length], [3, 1]);
    assert.equal(working.asked[0].prompt, questionPrompt(questions[2]));
  }));

const LOOP = "def add(x, y):\n    for _ in range(y):\n        x += 1\n    return x";
const SUM = "def add(x, y):\n    return x + y";
const SUM_AGAIN = "def add( a, b ):\n    'Adds.'\n    # as asked\n    return a+b";
const codesOf = (dbPath: string) =>
  withStore(dbPath, (store) =>
    store.row<{ one: string; two: string; models: string }>(
      `SELECT g1.code AS one, g2.code AS two, g1.model || ' ' || g2.model AS models FROM pairs p
       JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2`,
    ));

Deno.test("solutions that differ in formatting and names alone are set aside and counted", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const same = scripted(() => fenced(SUM, SUM_AGAIN));
    const report = await generatePairs(dbPath, same, questions);
    assert.deepEqual([report.pairs.length, report.identical, report.nearlySame], [0, 4, 1]);
    assert.equal(
      report.withoutPair[0].reason,
      "all solutions are the same but for formatting and names",
    );
    assert.match(
      generatedLine(report),
      /4 identical, 1 the same but for formatting and names; without a pair: 1/,
    );
  }));

Deno.test("of more than two samples the most different two make the pair", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const answers = [SUM, "def add(x, y):\n    return y + x + 0", SUM_AGAIN, LOOP];
    const generator = scripted((_, n) => fenced(answers[n]));
    const report = await generatePairs(dbPath, generator, questions, {
      ask: "one",
      perQuestion: 4,
    });
    assert.equal(report.pairs.length, 1);
    assert.ok(generator.asked[0].prompt.endsWith("in one fenced code block."));
    assert.deepEqual(await codesOf(dbPath), {
      one: SUM,
      two: LOOP,
      models: "scripted scripted",
    });
  }));

Deno.test("two models, or two temperatures, write one solution of a pair each", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const small = scripted(() => fenced(SUM), "small"),
      large = scripted(() => fenced(LOOP), "large");
    const mixed = await generatePairs(dbPath, small, questions, { other: { generator: large } });
    assert.deepEqual([mixed.pairs.length, small.asked.length, large.asked.length], [1, 1, 1]);
    assert.deepEqual(await codesOf(dbPath), { one: SUM, two: LOOP, models: "small large" });
    const warm = scripted(({ temperature }) => fenced(temperature > 1 ? LOOP : SUM), "warm");
    const report = await generatePairs(dbPath, warm, questions, {
      temperature: 0.2,
      other: { temperature: 1.2 },
    });
    assert.equal(report.pairs.length, 1);
    assert.deepEqual(warm.asked.map(({ temperature }) => temperature), [0.2, 1.2]);
  }));

Deno.test("an answer to a prompt that was cut is kept and not read", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const blind = scripted(() => ({ text: fenced(SUM, LOOP), doneReason: "prompt" as const }));
    const report = await generatePairs(dbPath, blind, questions, { maxAttempts: 1 });
    assert.deepEqual([report.pairs, report.statuses], [[], { prompt_cut: 1 }]);
    assert.equal(await count(dbPath, "generations"), 1);
  }));

Deno.test("a solution under another name gets the question's", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const generator = scripted(() =>
      fenced(SUM.replace("add", "solve"), LOOP.replace("add", "plus"))
    );
    const report = await generatePairs(dbPath, generator, questions);
    assert.equal(report.pairs.length, 1);
    assert.deepEqual(await codesOf(dbPath), { one: SUM, two: LOOP, models: "scripted scripted" });
  }));

Deno.test("the instruction can be edited, and brought back", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const generator = scripted(() => fenced("def f(): return 1", "def f(): return 2"));
    await withStore(dbPath, (store) => writeInstruction(store, "Zwei Lösungen, bitte."));
    await generatePairs(dbPath, generator, questions);
    assert.ok(generator.asked[0].prompt.startsWith("Zwei Lösungen, bitte.\n\n# add"));
    await withStore(dbPath, (store) => writeInstruction(store, null));
    await generatePairs(dbPath, generator, questions);
    assert.ok(generator.asked[1].prompt.startsWith(TWO_SOLUTIONS_INSTRUCTION));
  }));

Deno.test("judges what is stored once, and leaves the database free meanwhile", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await choose(dbPath, ["humaneval-53"]);
    const generator = scripted(() =>
      fenced("def add(x, y):\n    return x + y", "def add(x, y):\n    return x - y")
    );
    await generatePairs(dbPath, generator, questions);
    await generateAnswers(dbPath, scripted(() => "no code"), questions);
    const others: Promise<void>[] = [];
    const report = await judgeGenerations(dbPath, {
      // A second user of the database while judging goes on.
      onProgress: () =>
        void others.push(withStore(dbPath, () => Promise.resolve(), { waitSeconds: 5 })),
    });
    assert.deepEqual([report.judged, report.unread, report.failed.length], [2, 1, 0]);
    assert.deepEqual([report.verdicts.pass, report.verdicts.wrong], [1, 1]);
    const rows = await withStore(
      dbPath,
      (store) =>
        store.rows<{ verdict: string; first_failure: string | null; isolation: string }>(
          `SELECT j.verdict, j.first_failure, j.isolation FROM judgements j
         JOIN generations g ON g.id = j.generation ORDER BY g.variant`,
        ),
    );
    await Promise.all(others);
    assert.deepEqual(rows.map((row) => row.verdict), ["pass", "wrong"]);
    assert.equal(JSON.parse(rows[1].first_failure!).expected, "1");
    assert.match(rows[0].isolation, /rlimits/);
    const again = await judgeGenerations(dbPath);
    assert.deepEqual([again.judged, again.already], [0, 2]);
  }));
