/**
 * A question with its tests from the database.
 *
 * @module
 */
import type { JudgeableQuestion } from "@/lib/judging/judge.ts";
import { readQuestion, readTests } from "@/lib/questions/question.ts";
import type { Store } from "@/lib/store/store.ts";

/** @throws InputError when there is no such question */
export const readJudgeable = async (store: Store, slug: string): Promise<JudgeableQuestion> => ({
  question: await readQuestion(store, slug),
  tests: await readTests(store, slug),
});
