/**
 * Pairs of random tokens for the random model.
 *
 * @module
 */
import { xoroshiro128plus } from "pure-rand";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { CONFIG } from "./random-model.ts";

/** One pair for each `[prompt, chosen, rejected]`, the lengths in tokens; always the same. */
export function randomPairs(lengths: [number, number, number][]): TokenizedPair[] {
  const random = xoroshiro128plus(2);
  const tokens = (n: number) =>
    Array.from({ length: n }, () => (random.unsafeNext() >>> 0) % CONFIG.vocab_size);
  return lengths.map(([prompt, chosen, rejected], i) => {
    const ids = tokens(prompt);
    const sequence = (n: number) => ({ ids: [...ids, ...tokens(n)], start: prompt });
    return {
      id: `${i}`,
      prompt: "",
      chosen: sequence(chosen),
      rejected: sequence(rejected),
      truncated: { prompt: false, chosen: false, rejected: false },
    };
  });
}
