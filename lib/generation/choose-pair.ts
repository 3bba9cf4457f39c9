/**
 * Which two of a question's solutions are shown together.
 *
 * @module
 */
import type { StoredGeneration } from "@/lib/generation/requests.ts";
import { difference, isNearlySame } from "@/lib/generation/reading/difference.ts";

/** What came of one attempt at a question. */
export interface Sample {
  attempt: number;
  /** Who made it; a pair has solutions of two sources where there are two. */
  source: number;
  generations: StoredGeneration[];
}

/** The two most different solutions, if there are two. */
export interface Choice {
  pair: [StoredGeneration, StoredGeneration] | null;
  /** Why there is no pair. */
  reason: string;
  /** Solutions that repeat an earlier one, to the letter or but for formatting and names. */
  identical: number;
  nearlySame: number;
}

/**
 * Chooses among the solutions of as few attempts as give a pair, so that it makes no difference how many were made
 * side by side; `atLeast` of them count in any case.
 */
export function choosePair(samples: Sample[], atLeast: number): Choice {
  const inOrder = samples.toSorted((a, b) => a.attempt - b.attempt);
  let choice: Choice | undefined;
  for (let n = Math.min(atLeast, inOrder.length); n <= inOrder.length; n++) {
    choice = chooseAmong(inOrder.slice(0, n));
    if (choice.pair) break;
  }
  return choice!;
}

function chooseAmong(samples: Sample[]): Choice {
  const isMixed = new Set(samples.map(({ source }) => source)).size > 1;
  const all = samples.flatMap(({ source, generations }) =>
    generations.filter(({ code }) => code !== null).map((generation) => ({ source, generation }))
  );
  let identical = 0, nearlySame = 0;
  for (const [i, { generation }] of all.entries()) {
    const earlier = all.slice(0, i).map((other) => other.generation.code!);
    if (earlier.some((code) => plain(code) === plain(generation.code!))) identical++;
    else if (earlier.some((code) => isNearlySame(code, generation.code!))) nearlySame++;
  }
  let best: Choice["pair"] = null;
  let most = 0;
  for (const [i, one] of all.entries()) {
    for (const two of all.slice(i + 1)) {
      if (isMixed && one.source === two.source) continue;
      const by = difference(one.generation.code!, two.generation.code!);
      if (by > most) [best, most] = [[one.generation, two.generation], by];
    }
  }
  return { pair: best, reason: reasonFor(all.length, nearlySame, isMixed), identical, nearlySame };
}

function reasonFor(readable: number, nearlySame: number, isMixed: boolean): string {
  if (readable === 0) return "no solution could be read";
  if (readable === 1) return "only one solution could be read";
  if (nearlySame > 0) return "all solutions are the same but for formatting and names";
  return isMixed ? "no two solutions of different sources differ" : "all solutions are identical";
}

function plain(code: string): string {
  return code.split("\n").map((line) => line.trimEnd()).filter(Boolean).join("\n");
}
