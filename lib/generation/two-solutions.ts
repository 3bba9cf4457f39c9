/**
 * Two solutions to one question, while somebody waits for them.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import { choosePair, type Sample } from "@/lib/generation/choose-pair.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { twoSolutionsPrompt } from "@/lib/generation/instruction.ts";
import {
  answerRequests,
  DEFAULT_SAMPLING,
  type StoredGeneration,
  wantedOf,
} from "@/lib/generation/requests.ts";
import { SolutionStream, type Written } from "@/lib/generation/solution-stream.ts";
import { type Question, questionPrompt } from "@/lib/questions/question.ts";

/** What is asked for. */
export interface TwoSolutionsRequest {
  question: Question;
  /** How two solutions are asked for. */
  instruction: string;
  /** One that there is already: then only the other is asked for, and differs from it. */
  kept?: StoredGeneration;
  seed: number;
}

/** How to follow it. */
export interface TwoSolutionsHooks {
  /** Called at the start of each attempt, whose text takes the place of the one before. */
  onAttempt?: () => void;
  onWritten?: (written: Written) => void;
  signal?: AbortSignal;
}

const MOST_ATTEMPTS = 3;

/**
 * Asks a model, up to three times, until there are two solutions that differ. Answers are stored, a pair is not.
 * @returns the generations, the kept one first
 * @throws OperationError when there are no two, and as {@link Generator.generate}
 */
export async function twoSolutions(
  dbPath: string,
  generator: Generator,
  { question, instruction, kept, seed }: TwoSolutionsRequest,
  { onAttempt, onWritten, signal }: TwoSolutionsHooks = {},
): Promise<[StoredGeneration, StoredGeneration]> {
  const prompt = kept ? questionPrompt(question) : twoSolutionsPrompt(question, instruction);
  const samples: Sample[] = kept ? [{ attempt: -1, source: 0, generations: [kept] }] : [];
  const source = kept ? 1 : 0;
  let reason = "";
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    onAttempt?.();
    const stream = new SolutionStream();
    const [generations] = await answerRequests(
      dbPath,
      generator,
      [{ slug: question.slug, prompt, attempt, wanted: wantedOf(question) }],
      { ...DEFAULT_SAMPLING, seed },
      { signal, onText: (_, delta) => stream.push(delta).forEach((part) => onWritten?.(part)) },
    );
    samples.push({ attempt, source, generations });
    const choice = choosePair(samples, samples.length);
    if (choice.pair) return choice.pair;
    reason = choice.reason;
  }
  throw new OperationError(
    `The model gave no two different solutions (${reason}); generate again or change the instruction.`,
  );
}
