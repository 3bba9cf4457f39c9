/**
 * One programming question, as the `questions` table holds it, and the text a model is given.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { SqlValue, Store } from "@/lib/store/store.ts";
import type { Harness } from "@/lib/judging/harness.ts";

export type Difficulty = "easy" | "medium" | "hard" | "unknown";

/** One programming question. Fields as the columns of the `questions` table. */
export interface Question {
  /** `two-sum`, `humaneval-0` */
  slug: string;
  number: number;
  title: string;
  difficulty: Difficulty;
  topics: string[];
  /** Markdown, as are examples and constraints. */
  description: string;
  examples: string[];
  constraints: string;
  entry_point: string;
  starter_code: string;
  /** How the tests call and compare; null: the question cannot be judged. */
  harness: Harness | null;
  /** Why `harness` is null. */
  unrunnable: string | null;
  reference_code: string | null;
  /** CPU time of the reference solution in its slowest case on this machine; null: not measured. */
  reference_seconds: number | null;
  source: string;
  source_version: string;
  licence: string;
  redistributable: boolean;
  split: "train" | "evaluation";
}

/** What an importer says of a question; the rest is measured. */
export type QuestionFields = Omit<Question, "reference_seconds">;

/** One test case. Both sides are Python source: an argument tuple and a value. */
export interface QuestionTest {
  slug: string;
  position: number;
  input: string;
  expected: string;
}

type QuestionRow = Omit<Question, "harness"> & { harness: string | null };

/** A row of `SELECT * FROM questions` as a {@link Question}. */
export function questionFromRow(row: QuestionRow): Question {
  return { ...row, harness: row.harness === null ? null : JSON.parse(row.harness) };
}

/** A question as a row to insert. */
export function questionToRow(question: QuestionFields): Record<string, SqlValue> {
  return { ...question, harness: question.harness as unknown as SqlValue };
}

/**
 * The question of this slug.
 * @throws InputError when there is none
 */
export async function readQuestion(store: Store, slug: string): Promise<Question> {
  const row = await store.row<QuestionRow>("SELECT * FROM questions WHERE slug = $1", [slug]);
  if (row) return questionFromRow(row);
  const near = await store.row<{ slug: string }>(
    "SELECT slug FROM questions ORDER BY levenshtein(slug, $1), slug LIMIT 1",
    [slug],
  );
  throw new InputError(
    near
      ? `There is no question ${slug}; did you mean ${near.slug}?`
      : `There is no question ${slug}, the database has none yet; import some with: deno task import`,
  );
}

/** Test cases of a question in their order, without those that its own solution fails. */
export function readTests(store: Store, slug: string): Promise<QuestionTest[]> {
  return store.rows<QuestionTest>(
    `SELECT slug, position, input, expected FROM question_tests
     WHERE slug = $1 AND flaw IS NULL ORDER BY position`,
    [slug],
  );
}

/**
 * The text that a model is given for a question and that a dataset stores as `prompt`: title, description,
 * examples, constraints and starter code, asking for one solution in a fenced block.
 */
export function questionPrompt(question: Question): string {
  return `${questionText(question)}\n\nGive a solution in Python, in one fenced code block.`;
}

/** A question as Markdown, without an instruction. */
export function questionText(question: Question): string {
  const parts = [`# ${question.title}`];
  if (question.description) parts.push(question.description);
  question.examples.forEach((example, i) => parts.push(`Example ${i + 1}:\n${example}`));
  if (question.constraints) parts.push(`Constraints:\n${question.constraints}`);
  parts.push(`Start from this code:\n\`\`\`python\n${question.starter_code.trimEnd()}\n\`\`\``);
  return parts.join("\n\n");
}
