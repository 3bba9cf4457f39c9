/**
 * Everything that the quickstart asks models for, in one process: pairs first, then single answers. They are not
 * mixed: prompts for pairs are three times as long, and every step costs what the longest row of a batch does.
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

/** Attempts at two different solutions of a question. */
const ATTEMPTS = 3;

/** What to ask for. Questions are named by slug. */
export interface AnsweringOptions {
  db: string;
  pairs: string[];
  /** Who writes the pairs. */
  generator: string;
  answers: string[];
  /** Who writes the answers. */
  model: string;
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
  const hooks = tokenProgress(onProgress);
  const questionsOf = (names: string[]) =>
    withStore(db, (store) => selectQuestions(store, { names }));
  const pairs = async (generator: Generator) => {
    if (options.pairs.length === 0) return null;
    return await generatePairs(db, generator, await questionsOf(options.pairs), {
      ...sampling,
      num_predict: options.pairTokens,
      instruction: options.instruction ?? undefined,
      maxAttempts: ATTEMPTS,
      // Two rows of the embedded model's batch cost little more than one; a server takes one after the other.
      attemptsAtOnce: generator.provider === "embedded" ? 2 : 1,
      ...hooks(),
      signal,
    });
  };
  const answers = async (generator: Generator) => {
    if (options.answers.length === 0) return null;
    return await generateAnswers(db, generator, await questionsOf(options.answers), {
      ...sampling,
      num_predict: options.answerTokens,
      ...hooks(),
      signal,
    });
  };
  const report: AnsweringReport = { pairs: null, answers: null };
  const askForAnswers = async (generator: Generator) => {
    report.answers = await answers(generator);
  };
  await withGenerator(options.generator, async (generator) => {
    report.pairs = await pairs(generator);
    if (options.generator === options.model) await askForAnswers(generator);
  });
  if (options.generator !== options.model) await withGenerator(options.model, askForAnswers);
  return report;
}

async function withGenerator<T>(
  name: string,
  work: (generator: Generator) => Promise<T>,
): Promise<T> {
  const generator = await openGenerator(name);
  try {
    return await work(generator);
  } finally {
    await generator.close();
  }
}
