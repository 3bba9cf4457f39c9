/**
 * Answers in the styles of several models, each with what a person reads in it (`codes`, `status`): written by hand
 * in the shapes that such models answer in, and SmolLM2's own.
 */
import assert from "node:assert/strict";
import { extractCode, type ReadOptions } from "@/lib/generation/code-blocks.ts";
import { withStore } from "@/lib/store/store.ts";
import { withQuestions } from "../judging/questions.ts";

interface FixtureAnswer {
  style: string;
  shape: string;
  text: string;
  done_reason?: "stop" | "length";
  entry_point?: string;
  starter_code?: string;
  codes: string[];
  status: string;
}

const answers: FixtureAnswer[] = (await Deno.readTextFile(
  new URL("../fixtures/answers.jsonl", import.meta.url),
)).trim().split("\n").map((line) => JSON.parse(line));

/** Blank lines are no difference between two readings. */
const compact = (code: string) =>
  code.split("\n").map((line) => line.trimEnd()).filter(Boolean).join("\n");

const optionsOf = ({ done_reason, entry_point, starter_code }: FixtureAnswer): ReadOptions => ({
  doneReason: done_reason,
  wanted: entry_point ? { entryPoint: entry_point, starterCode: starter_code } : undefined,
});

Deno.test("answers of many shapes are read as a person reads them", () => {
  const different = answers.filter((answer) => {
    const { codes, status } = extractCode(answer.text, optionsOf(answer));
    return status !== answer.status ||
      JSON.stringify(codes.map(compact)) !== JSON.stringify(answer.codes.map(compact));
  });
  const right = answers.length - different.length;
  console.log(`${right} of ${answers.length} answers are read as by a person`);
  assert.deepEqual(different.map(({ style, shape }) => `${style}: ${shape}`), []);
});

const PROSE = [
  "Sure! Here is a solution:",
  "Time complexity: O(n log n)\nSpace complexity: O(1)",
  "Here's how it works:\n\n1. First we check the input.\n2. Then we loop over it.",
  "Example:\nInput: nums = [1, 2, 3]\nOutput: 6\nExplanation: 1 + 2 + 3 = 6.",
  "Output:\n[1, 2, 3]\nTrue",
  "The answer is 42.\n\nCheck: 6 * 7 = 42",
  "## Approach\nWe sort first (see below).",
];

const indented = (text: string) => text.replace(/^(?=.)/gm, "    ");
const numbered = (text: string) =>
  text.split("\n").map((line, i) => `${i + 1}  ${line}`).join("\n");

/** Wrappings of one code between two stretches of prose. */
const WRAPPINGS: Record<string, (code: string, before: string, behind: string) => string> = {
  fence: (code, before, behind) => `${before}\n\n\`\`\`python\n${code}\n\`\`\`\n\n${behind}`,
  "no fence": (code, before, behind) => `${before}\n\n${code}\n\n${behind}`,
  "fence not closed": (code, before, behind) => `${before}\n\`\`\`python\n${code}\n\n${behind}`,
  "fence not opened": (code, _, behind) => `${code}\n\`\`\`\n${behind}`,
  "indented block": (code, before, behind) => `${before}\n\n${indented(code)}\n\n${behind}`,
  "numbered lines": (code, before) => `${before}\n\n${numbered(code)}`,
  "HTML": (code, before) =>
    `${before}\n<pre>${
      code.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    }</pre>`,
};

Deno.test("Solutions of HumanEval come back whole from every wrapping", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const rows = await withStore(
      dbPath,
      (store) =>
        store.rows<{ slug: string; code: string }>(
          "SELECT slug, reference_code AS code FROM questions ORDER BY number",
        ),
    );
    assert.equal(rows.length, 164);
    const lost = rows.filter((_, i) => i % 4 === 0).flatMap(({ slug, code }, i) =>
      Object.entries(WRAPPINGS).flatMap(([name, wrap], w) => {
        const text = wrap(
          code.trim(),
          PROSE[(i + w) % PROSE.length],
          PROSE[(i * w) % PROSE.length],
        );
        const read = extractCode(text).codes.map(compact);
        return read.length === 1 && read[0] === compact(code.trim()) ? [] : [`${slug}, ${name}`];
      })
    );
    assert.deepEqual(lost, []);
  }));
