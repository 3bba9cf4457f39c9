/**
 * Questions of one's own, from a form or from lines of JSON.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { tupleElements } from "@/lib/questions/python-source.ts";
import type { Difficulty } from "@/lib/questions/question.ts";
import {
  type ImportedQuestion,
  type ImportReport,
  upsertQuestions,
} from "@/lib/questions/upsert.ts";
import type { Store } from "@/lib/store/store.ts";

/** Their `source`. */
export const OWN_SOURCE = "own";

/** What a question needs; texts but for topics, examples and tests. */
export interface OwnQuestion {
  title: string;
  description: string;
  /** The function that answers define and tests call. */
  entry_point: string;
  /** Default: the function's first line. */
  starter_code?: string;
  difficulty?: string;
  topics?: string[];
  examples?: string[];
  constraints?: string;
  licence?: string;
  /** Whether its text may be published; default false. */
  redistributable?: boolean;
  /** Cases as Python source: the arguments as a tuple, and the value that the function returns. */
  tests?: { input: string; expected: string }[];
}

const DIFFICULTIES: readonly Difficulty[] = ["easy", "medium", "hard", "unknown"];
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const LONGEST = 100_000;
const MOST_TESTS = 1000;

const TEST = "def test(input, expected):\n    assert candidate(*input) == expected\n";

/** `Two Sum II` → `two-sum-ii`; empty where nothing is left. */
export function slugOf(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")
    .slice(0, 100);
}

/**
 * Adds questions, all or none. One whose title gives a slug that an own question has already replaces that one.
 * @throws InputError for a field that is missing or wrong, and a slug of another source
 */
export async function addOwnQuestions(
  store: Store,
  questions: readonly unknown[],
): Promise<ImportReport> {
  const numbers = new Map(
    (await store.rows<{ slug: string; number: number }>(
      "SELECT slug, number FROM questions WHERE source = $1",
      [OWN_SOURCE],
    )).map(({ slug, number }) => [slug, number]),
  );
  let next = Math.max(0, ...numbers.values());
  const imported = questions.map((given, i) => {
    const own = checked(given, questions.length > 1 ? `Question ${i + 1}` : "The question");
    const slug = slugOf(own.title);
    if (!numbers.has(slug)) numbers.set(slug, ++next);
    return ownQuestion(own, slug, numbers.get(slug)!);
  });
  const slugs = imported.map(({ question }) => question.slug);
  const twice = slugs.find((slug, i) => slugs.indexOf(slug) < i);
  if (twice !== undefined) throw new InputError(`Two of the questions are ${twice}; rename one.`);
  const foreign = await store.row<{ slug: string; source: string }>(
    `SELECT slug, source FROM questions WHERE source <> $1
       AND slug IN (SELECT unnest(from_json($2::JSON, '["VARCHAR"]'))) ORDER BY slug`,
    [OWN_SOURCE, slugs],
  );
  if (foreign) {
    throw new InputError(
      `${foreign.source} has a question ${foreign.slug} already; choose another title.`,
    );
  }
  return await upsertQuestions(store, OWN_SOURCE, imported);
}

function ownQuestion(own: Required<OwnQuestion>, slug: string, number: number): ImportedQuestion {
  const { tests, ...fields } = own;
  const judged = tests.length > 0;
  return {
    question: {
      ...fields,
      difficulty: own.difficulty as Difficulty,
      slug,
      number,
      harness: judged
        ? {
          prelude: "",
          classes: [],
          functions: { candidate: own.entry_point },
          module: TEST,
          statements: {},
        }
        : null,
      unrunnable: judged ? null : "it was added without tests",
      reference_code: null,
      source: OWN_SOURCE,
      source_version: "1",
      split: "train",
    },
    tests: tests.map(({ input, expected }, position) => ({ slug, position, input, expected })),
  };
}

/** The question with its defaults. @param place names it in messages */
function checked(given: unknown, place: string): Required<OwnQuestion> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new InputError(`${place} has to be an object with title, description and entry_point.`);
  }
  const fields = given as Record<string, unknown>;
  const fail = (name: string, what: string): never => {
    throw new InputError(`${place}: ${name} ${what}.`);
  };
  const text = (name: string, otherwise?: string): string => {
    const value = fields[name] ?? otherwise;
    if (typeof value !== "string") return fail(name, "has to be a text");
    if (value.length > LONGEST) return fail(name, `is longer than ${LONGEST} characters`);
    return value.replaceAll("\r\n", "\n").trim();
  };
  const texts = (name: string): string[] => {
    const value = fields[name] ?? [];
    const fine = Array.isArray(value) && value.every((item) => typeof item === "string");
    return fine ? value : fail(name, "has to be a list of texts");
  };
  const title = text("title");
  if (slugOf(title) === "") fail("title", "has to hold letters or digits");
  const description = text("description");
  if (description === "") fail("description", "is empty");
  const entry_point = text("entry_point");
  if (!IDENTIFIER.test(entry_point)) {
    fail("entry_point", "has to be the name of a Python function, such as two_sum");
  }
  const difficulty = text("difficulty", "unknown");
  if (!(DIFFICULTIES as readonly string[]).includes(difficulty)) {
    fail("difficulty", `has to be one of ${DIFFICULTIES.join(", ")}`);
  }
  const redistributable = fields.redistributable ?? false;
  if (typeof redistributable !== "boolean") fail("redistributable", "has to be true or false");
  return {
    title,
    description,
    entry_point,
    starter_code: text("starter_code", "") || `def ${entry_point}(*args):\n    ...`,
    difficulty,
    topics: texts("topics"),
    examples: texts("examples"),
    constraints: text("constraints", ""),
    licence: text("licence", "") || "unknown",
    redistributable: redistributable as boolean,
    tests: testsOf(fields.tests ?? [], fail),
  };
}

function testsOf(
  given: unknown,
  fail: (name: string, what: string) => never,
): { input: string; expected: string }[] {
  if (!Array.isArray(given)) return fail("tests", "has to be a list");
  if (given.length > MOST_TESTS) return fail("tests", `are more than ${MOST_TESTS}`);
  return given.map((test, i) => {
    const { input, expected } = (test ?? {}) as Record<string, unknown>;
    if (typeof input !== "string" || typeof expected !== "string" || !expected.trim()) {
      return fail(`test ${i + 1}`, "needs input and expected, Python source each");
    }
    try {
      tupleElements(input);
      tupleElements(`(${expected},)`);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return fail(`test ${i + 1}`, `is no Python (${error.message})`);
    }
    return { input: input.trim(), expected: expected.trim() };
  });
}

/**
 * Cases from lines such as `[1, 2], 3 => 6`: arguments, an arrow, the value.
 * @throws InputError for a line without an arrow
 */
export function testLines(text: string): { input: string; expected: string }[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").map((line) => {
    const at = line.lastIndexOf("=>");
    if (at < 0) {
      throw new InputError(
        `The test "${
          line.slice(0, 80)
        }" has no =>; write arguments => value, as in [1, 2], 3 => 6.`,
      );
    }
    const given = line.slice(0, at).trim();
    return { input: given === "" ? "()" : `(${given},)`, expected: line.slice(at + 2).trim() };
  });
}

/**
 * Objects from lines of JSON; empty lines are left out.
 * @throws InputError for a line that is no JSON
 */
export function jsonLines(text: string): unknown[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line)];
    } catch {
      throw new InputError(`Line ${i + 1} is no JSON.`);
    }
  });
}
