/**
 * Questions that a person types.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type CustomQuestion, customQuestions, slugOf } from "@/lib/questions/custom.ts";
import type { Difficulty } from "@/lib/questions/question.ts";
import { type ImportReport, upsertQuestions } from "@/lib/questions/upsert.ts";
import type { Store } from "@/lib/store/store.ts";

/** The source of typed questions. */
export const OWN = "own";

/** What is typed; what is left out is empty. */
export interface TypedQuestion {
  title: string;
  description: string;
  difficulty?: Difficulty;
  topics?: string[];
  examples?: string[];
  constraints?: string;
  starter_code: string;
  entry_point?: string;
  prelude?: string;
  /** `{ input: "[2, 7], 9", output: "[0, 1]" }`, or assert statements. At least one. */
  tests: CustomQuestion["tests"];
  checker?: string;
  reference_code?: string;
  licence?: string;
}

const DIFFICULTIES = ["easy", "medium", "hard", "unknown"];
const MOST_CHARACTERS = 200_000;

/**
 * Checks a typed question and stores it under a name made from its title. `lib/judging/check-references.ts` then runs
 * its solution, where it has one.
 * @param replace the name of a typed question whose place it takes
 * @returns the question's name, and what was done
 * @throws InputError for what is missing or cannot be read, and when there is another question of that title
 */
export async function addQuestion(
  store: Store,
  typed: TypedQuestion,
  { replace, author }: { replace?: string; author: string },
): Promise<{ slug: string; report: ImportReport }> {
  checkTyped(typed);
  const slug = replace ?? `${OWN}-${slugOf(typed.title)}`;
  const there = await store.row<{ source: string; number: number }>(
    "SELECT source, number FROM questions WHERE slug = $1",
    [slug],
  );
  if (replace !== undefined && there?.source !== OWN) {
    throw new InputError(`There is no question ${replace} that was typed here.`);
  }
  if (replace === undefined && there) {
    throw new InputError(`There is a question ${slug} already; give this one another title.`);
  }
  const next = await store.row<{ number: number }>(
    "SELECT coalesce(max(number), 0) + 1 AS number FROM questions WHERE source = $1",
    [OWN],
  );
  const [made] = await customQuestions([{
    slug,
    number: there?.number ?? Number(next!.number),
    title: typed.title.trim(),
    description: typed.description,
    difficulty: typed.difficulty ?? "unknown",
    topics: typed.topics ?? [],
    examples: typed.examples ?? [],
    constraints: typed.constraints ?? "",
    starter_code: typed.starter_code,
    entry_point: typed.entry_point ?? "",
    prelude: typed.prelude ?? "",
    test: "",
    tests: typed.tests,
    checker: typed.checker ?? "",
    reference_code: typed.reference_code ?? "",
  }], {
    source: OWN,
    source_version: `typed by ${author}`,
    licence: typed.licence?.trim() || "not said",
    redistributable: false,
  });
  if (made.question.unrunnable !== null) {
    throw new InputError(`The question cannot be judged: ${made.question.unrunnable}.`);
  }
  return { slug, report: await upsertQuestions(store, OWN, [made]) };
}

function checkTyped(typed: TypedQuestion): void {
  for (const field of ["title", "description", "starter_code"] as const) {
    if (typeof typed[field] !== "string" || !typed[field].trim()) {
      throw new InputError(`The question has no ${field.replace("_", " ")}.`);
    }
  }
  if (!slugOf(typed.title)) {
    throw new InputError("The title needs a letter or digit that a name can be made from.");
  }
  if (!Array.isArray(typed.tests) || typed.tests.length === 0) {
    throw new InputError("The question has no tests; give at least one input with its output.");
  }
  if (typed.difficulty !== undefined && !DIFFICULTIES.includes(typed.difficulty)) {
    throw new InputError(`The difficulty has to be one of ${DIFFICULTIES.join(", ")}.`);
  }
  if (JSON.stringify(typed).length > MOST_CHARACTERS) {
    throw new InputError(`The question is longer than ${MOST_CHARACTERS} characters.`);
  }
}
