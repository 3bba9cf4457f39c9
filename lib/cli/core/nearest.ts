/**
 * The right word for a mistyped one.
 *
 * @module
 */
import { distance } from "fastest-levenshtein";

/**
 * The word with the smallest edit distance to `written`. A dotted key is also known by its last part, so
 * that `beta` finds `loss.beta`.
 *
 * @returns the word and its distance (insertions, deletions, substitutions); undefined when `words` is empty
 */
export function nearest(
  written: string,
  words: readonly string[],
): { word: string; distance: number } | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const whole = distance(written, word);
    // Half a step worse than the same distance to a whole word.
    const tail = word.includes(".")
      ? distance(written, word.slice(word.lastIndexOf(".") + 1)) + 0.5
      : Infinity;
    const d = Math.min(whole, tail);
    if (!best || d < best.distance) best = { word, distance: d };
  }
  return best;
}
