/**
 * Pairs of different solutions to one question.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { withStore } from "@/lib/store/store.ts";
import type { Question } from "@/lib/questions/question.ts";
import type { ReadStatus } from "@/lib/generation/code-blocks.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { readInstruction, twoSolutionsPrompt } from "@/lib/generation/instruction.ts";
import {
  answerRequests,
  DEFAULT_SAMPLING,
  type RequestHooks,
  type SamplingOptions,
  type StoredGeneration,
} from "@/lib/generation/requests.ts";

/** Options of {@link generatePairs}. */
export interface PairsOptions extends Partial<SamplingOptions>, RequestHooks {
  /** Default: the one in the database's settings, or the original one. */
  instruction?: string;
  /** How often a question is asked until there are two different solutions; default 3. */
  maxAttempts?: number;
  /**
   * How many of the attempts are made side by side; default 1. More spare rounds where a batch costs little more
   * than a single answer, and are in vain where the first attempt does.
   */
  attemptsAtOnce?: number;
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
}

/**
 * Asks a model for two solutions of each question until there are two that differ, and stores answers and
 * pairs. Run again with the same options, it goes on where it was interrupted and doubles nothing.
 * @throws as {@link Generator.generate}; what was answered until then is stored
 */
export async function generatePairs(
  dbPath: string,
  generator: Generator,
  questions: Question[],
  options: PairsOptions = {},
): Promise<PairsReport> {
  const { instruction, maxAttempts = 3, attemptsAtOnce = 1, ...rest } = options;
  const { onProgress, onText, signal, ...sampling } = rest;
  const asked = instruction ?? await withStore(dbPath, readInstruction);
  const report: PairsReport = {
    questions: questions.length,
    pairs: [],
    withoutPair: [],
    statuses: {},
  };
  const found = new Map(questions.map((question) => [question.slug, [] as StoredGeneration[]]));
  for (let attempt = 0; attempt < maxAttempts; attempt += attemptsAtOnce) {
    const open = questions.filter(({ slug }) => differentTwo(found.get(slug)!) === null);
    const attempts = Math.min(attemptsAtOnce, maxAttempts - attempt);
    const requests = open.flatMap((question) =>
      Array.from({ length: attempts }, (_, i) => ({
        slug: question.slug,
        prompt: twoSolutionsPrompt(question, asked),
        attempt: attempt + i,
      }))
    );
    const settled = questions.length - open.length;
    const isLast = attempt + attempts === maxAttempts;
    const answers = await answerRequests(
      dbPath,
      generator,
      requests,
      { ...DEFAULT_SAMPLING, ...sampling },
      {
        onProgress: (done, _, note) => {
          const closed = isLast ? Math.floor(done / attempts) : 0;
          onProgress?.(settled + closed, questions.length, note);
        },
        onText,
        signal,
      },
    );
    requests.forEach(({ slug }, i) => found.get(slug)!.push(...answers[i]));
    for (const [first] of answers) {
      report.statuses[first.status] = (report.statuses[first.status] ?? 0) + 1;
    }
  }
  const pairs = questions.flatMap(({ slug }) => {
    const two = differentTwo(found.get(slug)!);
    if (!two) report.withoutPair.push({ slug, reason: reasonFor(found.get(slug)!) });
    return two ? [pairRow(slug, two)] : [];
  });
  await withStore(dbPath, (store) =>
    store.transaction(async () => {
      await store.insert("pairs", pairs, "DO NOTHING");
    }));
  report.pairs = pairs.map((pair) => pair.id);
  return report;
}

function pairRow(slug: string, [first, second]: [StoredGeneration, StoredGeneration]) {
  const id = createHash("sha256").update(`${first.id} ${second.id}`).digest("hex").slice(0, 32);
  return { id, slug, version1: first.id, version2: second.id, kind: "generated" };
}

/** The first two solutions that differ in more than white space. */
function differentTwo(
  generations: StoredGeneration[],
): [StoredGeneration, StoredGeneration] | null {
  const readable = generations.filter((generation) => generation.code !== null);
  const second = readable.find((generation) =>
    plain(generation.code!) !== plain(readable[0].code!)
  );
  return second ? [readable[0], second] : null;
}

function plain(code: string): string {
  return code.split("\n").map((line) => line.trimEnd()).filter(Boolean).join("\n");
}

function reasonFor(generations: StoredGeneration[]): string {
  const readable = generations.filter((generation) => generation.code !== null).length;
  if (readable > 1) return "all solutions are identical";
  return readable === 1 ? "only one solution could be read" : "no solution could be read";
}
