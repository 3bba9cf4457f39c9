/**
 * What several rows say about one prompt, put together.
 *
 * @module
 */
import type { LeftOut, RowPreferences } from "@/lib/datasets/source-row.ts";
import type { PromptPreferences } from "@/lib/datasets/types.ts";

/**
 * Rows of the same prompt, in their order, as one.
 *
 * SFT's target is the response of the best score, a text's score being that of its first occurrence, as in the
 * reference's `get_shp`; without scores it is the last row's target, as in its `get_hh`. Of responses that are
 * desirable or not, each desirable one is preferred to each other one, and SFT learns the last desirable one.
 */
export function mergeRows(rows: readonly RowPreferences[]): PromptPreferences | LeftOut {
  const responses: string[] = [], pairs: [number, number][] = [];
  const scores: number[] = [], desirable: number[] = [], undesirable: number[] = [];
  for (const row of rows) {
    const before = responses.length;
    for (const [preferred, dispreferred] of row.pairs) {
      pairs.push([before + preferred, before + dispreferred]);
    }
    row.desirable?.forEach((good, i) => (good ? desirable : undesirable).push(before + i));
    responses.push(...row.responses);
    scores.push(...row.scores ?? []);
  }
  for (const good of desirable) for (const bad of undesirable) pairs.push([good, bad]);
  const target = scores.length > 0
    ? best(responses, scores)
    : rows.at(-1)!.sft_target ?? responses[desirable.at(-1)!];
  if (target === undefined) return { leftOut: "prompt without a desirable response" };
  const { messages } = rows[0];
  return { responses, pairs, sft_target: target, ...messages && { messages } };
}

/** The first of the responses with the best score. */
function best(responses: string[], scores: number[]): string {
  const scoreOf = new Map<string, number>();
  responses.forEach((text, i) => scoreOf.has(text) || scoreOf.set(text, scores[i]));
  return responses.reduce((a, b) => scoreOf.get(b)! > scoreOf.get(a)! ? b : a);
}
