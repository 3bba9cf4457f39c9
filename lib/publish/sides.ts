/**
 * Which split a question is in.
 *
 * @module
 */
import { inTestSplit } from "@/lib/datasets/order.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import { questionFromRow, questionPrompt } from "@/lib/questions/question.ts";
import type { Store } from "@/lib/store/store.ts";

type QuestionRow = Parameters<typeof questionFromRow>[0] & { released: string | null };

/**
 * Leaves the temporary table `sides` (question, prompt, side) of all questions that `decisions` are about and that may
 * be trained on; side is `train` or `test`.
 *
 * By a hash of the question's name and the seed, so that new labels never move a question; or by the day of its release,
 * where a question without one is trained on.
 *
 * @returns how many of them have no known day, where days decide
 */
export async function takeSides(
  store: Store,
  { seed, testFraction, testFrom }: PreferenceOptions,
): Promise<number> {
  await store.run(
    "CREATE OR REPLACE TEMP TABLE sides (question TEXT PRIMARY KEY, prompt TEXT NOT NULL, side TEXT NOT NULL)",
  );
  const questions = await store.rows<QuestionRow>(
    `SELECT * FROM questions WHERE split = 'train'
       AND slug IN (SELECT slug FROM pairs JOIN decisions ON decisions.pair = pairs.id)`,
  );
  const inTest = ({ slug, released }: QuestionRow): boolean =>
    testFrom === null
      ? inTestSplit(slug, seed, testFraction)
      : released !== null && released >= testFrom;
  await store.insert(
    "sides",
    questions.map((row) => ({
      question: row.slug,
      prompt: questionPrompt(questionFromRow(row)),
      side: inTest(row) ? "test" : "train",
    })),
  );
  return testFrom === null ? 0 : questions.filter(({ released }) => released === null).length;
}
