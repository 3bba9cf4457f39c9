/**
 * Left-side bias: sides are drawn by lot for each labeler and pair, so who looks at code alone chooses the left one
 * half of the time.
 *
 * @module
 */
import { fairCoinTest } from "@/lib/labels/statistics/binomial-test.ts";
import { type Estimate, proportion } from "@/lib/labels/statistics/estimate.ts";

/** How often the left solution was chosen, of the choices of one side. */
export interface SideBias extends Estimate {
  /** Exact two-sided binomial test of 1/2. */
  p: number;
}

/**
 * The share of choices that went to the left, with Wilson's interval. `same` and `both bad` are no choices of a side.
 * Second showings, whose sides are swapped on purpose, are not to be counted: they are not independent.
 *
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 *
 * @returns null without choices; `n`: choices
 */
export function sideBias({ left, right }: { left: number; right: number }): SideBias | null {
  const share = proportion(left, left + right);
  return share && { ...share, p: fairCoinTest(left, left + right) };
}
