/**
 * Everything that the quickstart asks models for at one time: pairs and single answers side by side, which keeps
 * the cores busier than one after the other.
 *
 * @module
 */
import { type AnswersReport, generateAnswers } from "@/lib/generation/answers.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { generatePairs, type PairsReport } from "@/lib/generation/pairs.ts";
import type { SamplingOptions } from "@/lib/generation/requests.ts";
import { tokenProgress } from "@/lib/generation/token-progress.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";

/** Attempts at two different solutions of a question, and how many of them the embedded model makes at once. */
const ATTEMPTS = 3;

/** What to ask for. Questions are named by slug. */
export interface AnsweringOptions {
  db: string;
  pairs: string[];
  /** Who writes the pairs, and who the answers. */
  generator: string;
  model: string;
  answers: string[];
  instruction: string | null;
  pairTokens: number;
  answerTokens: number;
  /** Shared by both. */
  sampling: Pick<SamplingOptions, "temperature" | "top_p" | "seed">;
}

/** What came of it; null where nothing was asked for. */
export interface AnsweringReport {
  pairs: PairsReport | null;
  answers: AnswersReport | null;
}

/**
 * Generates what is not in the database yet.
 *
 * @throws as {@link Generator.generate}; what was answered until then is stored
 */
export async function answerAll(
  options: AnsweringOptions,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<AnsweringReport> {
  const { db, sampling } = options;
  const open = new Map<string, Promise<Generator>>();
  const generatorOf = (name: string) => {
    if (!open.has(name)) open.set(name, openGenerator(name));
    return open.get(name)!;
  };
  const questionsOf = (names: string[]) =>
    withStore(db, (store) => selectQuestions(store, { names }));
  // When one side fails the other stops too.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const hooks = tokenProgress(onProgress);
  const pairs = async () => {
    if (options.pairs.length === 0) return null;
    const generator = await generatorOf(options.generator);
    return await generatePairs(db, generator, await questionsOf(options.pairs), {
      ...sampling,
      num_predict: options.pairTokens,
      instruction: options.instruction ?? undefined,
      maxAttempts: ATTEMPTS,
      // A batch of the embedded model costs little more than a single answer; a server takes one after the other.
      attemptsAtOnce: generator.provider === "embedded" ? ATTEMPTS : 1,
      ...hooks(),
      signal: either,
    });
  };
  const answers = async () => {
    if (options.answers.length === 0) return null;
    return await generateAnswers(
      db,
      await generatorOf(options.model),
      await questionsOf(options.answers),
      {
        ...sampling,
        num_predict: options.answerTokens,
        ...hooks(),
        signal: either,
      },
    );
  };
  const failed = (error: unknown) => {
    stop.abort(error);
    throw error;
  };
  try {
    const [first, second] = await Promise.allSettled([
      pairs().catch(failed),
      answers().catch(failed),
    ]);
    if (first.status === "rejected" || second.status === "rejected") throw stop.signal.reason;
    return { pairs: first.value, answers: second.value };
  } finally {
    for (const generator of open.values()) await (await generator.catch(() => null))?.close();
  }
}
