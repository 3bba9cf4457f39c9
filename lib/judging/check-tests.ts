/**
 * Which questions can be judged, which not and why, and whether the tests of those that can are to be trusted.
 *
 * @module
 */
import { readTests } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";
import { type ReplayOptions, replayQuestions } from "@/lib/judging/replay.ts";

/** What {@link checkTests} found. Every question with a class to write is in one of the last three. */
export interface TestsReport {
  questions: number;
  /** Questions whose tests accept what they expect, and nothing that is never right. */
  sound: number;
  /** Questions whose tests run but cannot be trusted, with the reason. */
  unsound: { slug: string; reason: string }[];
  /** Questions that get no verdict, with the reason. */
  unrunnable: { slug: string; reason: string }[];
}

/**
 * Replays the tests of the questions that a choice of names means (see `selectQuestions`).
 * @throws InputError for a name that means nothing
 */
export async function checkTests(
  dbPath: string,
  names: string[],
  options: ReplayOptions = {},
): Promise<TestsReport> {
  const { questions, unrunnable } = await withStore(dbPath, async (store) => {
    const chosen = await selectQuestions(store, { names });
    const runnable = [], unrunnable = [];
    for (const question of chosen) {
      if (question.harness === null) {
        const reason = question.unrunnable ?? "it came without tests";
        unrunnable.push({ slug: question.slug, reason });
      } else runnable.push({ question, tests: await readTests(store, question.slug) });
    }
    return { questions: runnable, unrunnable };
  }, { create: false });
  const replayed = await replayQuestions(questions, options);
  const unsound = replayed.flatMap(({ slug, reason }) => reason === null ? [] : [{ slug, reason }]);
  return {
    questions: questions.length + unrunnable.length,
    sound: replayed.length - unsound.length,
    unsound,
    unrunnable,
  };
}

/** The report for people, one line a question that has no trusted tests. */
export function testsLines({ questions, sound, unsound, unrunnable }: TestsReport): string {
  const line = ({ slug, reason }: { slug: string; reason: string }) => `  ${slug}: ${reason}`;
  return [
    `${sound} of ${questions} questions have tests that accept what they expect and nothing that is never right.`,
    ...unrunnable.length ? [`${unrunnable.length} get no verdict:`, ...unrunnable.map(line)] : [],
    ...unsound.length
      ? [`${unsound.length} have tests not to be trusted:`, ...unsound.map(line)]
      : [],
  ].join("\n");
}
