/**
 * Questions of people's own: from a row of a file, or typed. Their tests are Python or plain values in one of several
 * forms; Python's own parser reads them (`python/custom.py`).
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { Harness } from "@/lib/judging/harness.ts";
import type { Difficulty } from "@/lib/questions/question.ts";
import type { ImportedQuestion } from "@/lib/questions/upsert.ts";
import { pythonPath } from "@/lib/setup/paths.ts";

/** One question in its author's words. Texts may be empty where nothing is said. */
export interface CustomQuestion {
  slug: string;
  number: number;
  title: string;
  description: string;
  difficulty: Difficulty;
  topics: string[];
  examples: string[];
  constraints: string;
  /** Signature and imports that an answer begins with. */
  starter_code: string;
  /** `two_sum` or `Solution().twoSum`; empty: the only function of the starter code, or the one that the tests call. */
  entry_point: string;
  /** Python that solutions find ready: imports and helpers. */
  prelude: string;
  /** Python with a function `check(candidate)` full of assert statements, as HumanEval's; empty: see `tests`. */
  test: string;
  /** Assert statements, or cases. `input`: arguments as a list, by name, or as Python; `output`: a value, or as Python. */
  tests: (string | { input: unknown; output?: unknown; expected?: unknown })[];
  /**
   * What says whether an answer is right where `==` does not: a Python expression over `result`, `expected` and
   * `input` (the arguments as a tuple), or a function `check(result, expected, *input)`. Empty: `==`.
   */
  checker: string;
  /** A right solution, which is run first; empty: none. */
  reference_code: string;
}

/** Where questions come from. */
export interface Origin {
  source: string;
  source_version: string;
  licence: string;
  redistributable: boolean;
}

interface Read {
  entry_point: string;
  prelude: string;
  cases: { input: string; expected: string; statement: string | null }[];
  checker: "expression" | "function" | null;
}

/**
 * Makes questions ready to be stored. One whose tests cannot be used is none to judge, and says why.
 * @throws OperationError when Python cannot be started
 */
export async function customQuestions(
  questions: CustomQuestion[],
  origin: Origin,
  split: (question: CustomQuestion) => "train" | "evaluation" = () => "train",
): Promise<ImportedQuestion[]> {
  const read = await readTests(questions);
  return questions.map((question, i) => {
    const found = read[i];
    const unrunnable = "error" in found
      ? found.error
      : found.cases.length === 0
      ? "it came without tests"
      : null;
    const cases = "error" in found ? [] : found.cases;
    return {
      question: {
        slug: question.slug,
        number: question.number,
        title: question.title,
        difficulty: question.difficulty,
        topics: question.topics,
        description: question.description,
        examples: question.examples,
        constraints: question.constraints,
        entry_point: "error" in found ? question.entry_point : found.entry_point,
        starter_code: question.starter_code,
        harness: unrunnable === null ? harnessOf(found as Read, question.checker) : null,
        unrunnable,
        reference_code: question.reference_code.trim() ? question.reference_code : null,
        ...origin,
        split: split(question),
      },
      tests: cases.map(({ input, expected }, position) => ({
        slug: question.slug,
        position,
        input,
        expected,
      })),
    };
  });
}

function harnessOf({ entry_point, prelude, cases, checker }: Read, written: string): Harness {
  const comparing = checker === "function"
    ? "    assert check(result, expected, *given) is not False"
    : checker === "expression"
    ? `    assert (${written.trim()})`
    : "    assert result == expected";
  return {
    prelude,
    classes: [],
    functions: { candidate: entry_point },
    module: [
      prelude,
      "from copy import deepcopy",
      "null, true, false = None, True, False",
      ...checker === "function" ? [written] : [],
      // The solution may change what it is given; what it is compared by, it may not.
      `def test(given, expected):\n    input = deepcopy(given)\n    result = candidate(*deepcopy(given))\n${comparing}`,
    ].join("\n\n"),
    statements: Object.fromEntries(
      cases.flatMap(({ statement }, i) => statement === null ? [] : [[String(i), statement]]),
    ),
  };
}

async function readTests(questions: CustomQuestion[]): Promise<(Read | { error: string })[]> {
  const child = new Deno.Command(pythonPath(), {
    args: ["-I", "-S", "-B", join(import.meta.dirname!, "python", "custom.py")],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const job = questions.map((question) => ({
    code: question.reference_code,
    starter: question.starter_code,
    entry_point: question.entry_point,
    prelude: question.prelude,
    test: question.test,
    tests: question.tests,
    checker: question.checker,
  }));
  const writer = child.stdin.getWriter();
  const output = child.output();
  await writer.write(new TextEncoder().encode(JSON.stringify(job)));
  await writer.close();
  const { code, stdout, stderr } = await output;
  if (code !== 0) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new OperationError(`The questions' tests could not be read: ${reason}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A name for addresses and command lines: `Two Sum!` is two-sum. */
export function slugOf(text: string): string {
  return text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")
    .slice(0, 80);
}
