/**
 * Which questions a task works on.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { SqlValue, Store } from "@/lib/store/store.ts";
import { type Question, questionFromRow, readQuestion } from "@/lib/questions/question.ts";

/** A choice of questions. */
export interface QuestionChoice {
  /** Difficulties (`easy`), sources (`humaneval`) and slugs (`two-sum`); none: every question. */
  names?: string[];
  /** `train` unless slugs are named; evaluation questions never enter training data. */
  split?: "train" | "evaluation";
  /** Only questions whose tests can be run. */
  runnable?: boolean;
  limit?: number;
}

const DIFFICULTIES = ["easy", "medium", "hard", "unknown"];

/**
 * The questions of a choice, by source and number; slugs named come first, in their order.
 * @throws InputError for a slug that is no question, and when nothing is left
 */
export async function selectQuestions(
  store: Store,
  { names = [], split = "train", runnable = false, limit }: QuestionChoice,
): Promise<Question[]> {
  const sources = (await store.rows<{ source: string }>("SELECT DISTINCT source FROM questions"))
    .map((row) => row.source);
  if (sources.length === 0) {
    throw new InputError("The database has no questions yet; import some with: deno task import");
  }
  const wanted = {
    difficulty: names.filter((name) => DIFFICULTIES.includes(name)),
    source: names.filter((name) => sources.includes(name)),
  };
  const slugs = names.filter((name) => !DIFFICULTIES.includes(name) && !sources.includes(name));
  const named = await Promise.all(slugs.map((slug) => readQuestion(store, slug)));
  const conditions = ["split = $1"];
  const parameters: SqlValue[] = [split];
  for (const [column, values] of Object.entries(wanted)) {
    if (values.length === 0) continue;
    parameters.push(values);
    conditions.push(
      `${column} IN (SELECT unnest(from_json($${parameters.length}::JSON, '["VARCHAR"]')))`,
    );
  }
  if (runnable) conditions.push("harness IS NOT NULL");
  const onlySlugs = slugs.length > 0 && wanted.difficulty.length + wanted.source.length === 0;
  const rows = onlySlugs ? [] : await store.rows<Parameters<typeof questionFromRow>[0]>(
    `SELECT * FROM questions WHERE ${conditions.join(" AND ")} ORDER BY source DESC, number, slug`,
    parameters,
  );
  const rest = rows.map(questionFromRow).filter((question) => !slugs.includes(question.slug));
  const chosen = [...named, ...rest].slice(0, limit);
  if (chosen.length === 0) {
    throw new InputError(`No ${split} question matches [${names.join(",")}].`);
  }
  return chosen;
}
