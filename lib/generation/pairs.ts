/**
 * Pairs of different solutions to one question.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { withStore } from "@/lib/store/store.ts";
import { type Question, questionPrompt } from "@/lib/questions/question.ts";
import type { ReadStatus } from "@/lib/generation/code-blocks.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { readInstruction, twoSolutionsPrompt } from "@/lib/generation/instruction.ts";
import { type Choice, choosePair, type Sample } from "@/lib/generation/choose-pair.ts";
import {
  answerRequests,
  DEFAULT_SAMPLING,
  type RequestHooks,
  type SamplingOptions,
  wantedOf,
} from "@/lib/generation/requests.ts";

/** Options of {@link generatePairs}. */
export interface PairsOptions extends Partial<SamplingOptions>, RequestHooks {
  /** Default: the one in the database's settings, or the original one. */
  instruction?: string;
  /**
   * `two`: an answer holds both solutions, as in the original project. `one`: an answer holds one, and those of a
   * pair come from different answers. Default `two`, with `other` `one`.
   */
  ask?: "two" | "one";
  /** How many answers a question gets at least; default 1 with `ask: "two"`, else 2. */
  perQuestion?: number;
  /** How often a question is asked until there are two different solutions; default 3. */
  maxAttempts?: number;
  /**
   * How many of the attempts are made side by side; default 1. More spare rounds where a batch costs little more
   * than a single answer, and are in vain where the first attempt does.
   */
  attemptsAtOnce?: number;
  /** Who writes every second answer, where that is another model or temperature; pairs then have one of each. */
  other?: { generator?: Generator; temperature?: number };
}

/** What {@link generatePairs} did. */
export interface PairsReport {
  questions: number;
  /** Pair ids, one per question that has two different solutions, old and new. */
  pairs: string[];
  /** Questions that did not come to a pair, with the reason. */
  withoutPair: { slug: string; reason: string }[];
  /** Answers by how they could be read. */
  statuses: Partial<Record<ReadStatus, number>>;
  /** Solutions that say what an earlier one of their question says, to the letter. */
  identical: number;
  /** Those that differ from an earlier one in formatting, comments and names alone. */
  nearlySame: number;
}

/**
 * Asks for solutions of each question until there are two that differ, and stores answers and pairs: the two most
 * different ones of a question. Run again with the same options, it goes on where it was interrupted and doubles
 * nothing.
 * @throws as {@link Generator.generate}; what was answered until then is stored
 */
export async function generatePairs(
  dbPath: string,
  generator: Generator,
  questions: Question[],
  options: PairsOptions = {},
): Promise<PairsReport> {
  const { instruction, other, maxAttempts = 3, attemptsAtOnce = 1, ...rest } = options;
  const { ask = other ? "one" : "two", perQuestion: wished, ...others } = rest;
  const { onProgress, onText, signal, ...given } = others;
  const perQuestion = Math.max(wished ?? 1, ask === "one" ? 2 : 1);
  const sampling = { ...DEFAULT_SAMPLING, ...given };
  const sources = [{ generator, sampling }];
  if (other) {
    sources.push({
      generator: other.generator ?? generator,
      sampling: { ...sampling, temperature: other.temperature ?? sampling.temperature },
    });
  }
  const asked = instruction ?? await withStore(dbPath, readInstruction);
  const promptOf = (question: Question) =>
    ask === "two" ? twoSolutionsPrompt(question, asked) : questionPrompt(question);

  const found = new Map(questions.map(({ slug }) => [slug, [] as Sample[]]));
  const choiceOf = (slug: string) => choosePair(found.get(slug)!, perQuestion);
  const statuses: PairsReport["statuses"] = {};
  const most = Math.max(perQuestion, maxAttempts);
  for (let attempt = 0; attempt < most;) {
    const open = questions.filter(({ slug }) => !choiceOf(slug).pair);
    const end = Math.min(most, attempt + Math.max(attemptsAtOnce, perQuestion - attempt));
    const settled = questions.length - open.length;
    for (const [s, source] of sources.entries()) {
      const attempts = range(attempt, end).filter((n) => n % sources.length === s);
      const requests = open.flatMap((question) =>
        attempts.map((n) => ({
          slug: question.slug,
          prompt: promptOf(question),
          attempt: n,
          wanted: wantedOf(question),
        }))
      );
      const isLast = end === most && s === sources.length - 1;
      const answers = await answerRequests(dbPath, source.generator, requests, source.sampling, {
        onProgress: (done, _, note) => {
          const closed = isLast ? Math.floor(done / attempts.length) : 0;
          onProgress?.(settled + closed, questions.length, note);
        },
        onText,
        signal,
      });
      requests.forEach(({ slug, attempt }, i) => {
        found.get(slug)!.push({ attempt, source: s, generations: answers[i] });
      });
      for (const [{ status }] of answers) statuses[status] = (statuses[status] ?? 0) + 1;
    }
    attempt = end;
  }
  const choices = questions.map(({ slug }) => ({ slug, ...choiceOf(slug) }));
  const pairs = choices.flatMap(({ slug, pair }) => pair ? [pairRow(slug, pair)] : []);
  await withStore(dbPath, (store) =>
    store.transaction(async () => {
      await store.insert("pairs", pairs, "DO NOTHING");
    }));
  return {
    questions: questions.length,
    pairs: pairs.map((pair) => pair.id),
    withoutPair: choices.filter(({ pair }) => !pair).map(({ slug, reason }) => ({ slug, reason })),
    statuses,
    identical: choices.reduce((sum, { identical }) => sum + identical, 0),
    nearlySame: choices.reduce((sum, { nearlySame }) => sum + nearlySame, 0),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function pairRow(slug: string, [first, second]: NonNullable<Choice["pair"]>) {
  const id = createHash("sha256").update(`${first.id} ${second.id}`).digest("hex").slice(0, 32);
  return { id, slug, version1: first.id, version2: second.id, kind: "generated" };
}
