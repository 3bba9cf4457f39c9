/**
 * Length bias: whether the longer code wins.
 *
 * @module
 */
import { bootstrapEstimate, type BootstrapOptions } from "@/lib/labels/statistics/bootstrap.ts";
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";

/** Pairs whose longer and shorter code were preferred equally often. */
export interface LengthTally {
  /** Labels that prefer the longer code. */
  longer: number;
  /** Labels that prefer the shorter one. */
  shorter: number;
  /** How many pairs have these counts. */
  pairs: number;
}

/**
 * The share of choices that went to the longer code, bootstrapped over pairs. Longer code may be better code: compare
 * with the share among pairs of which both solutions pass their tests.
 *
 * @returns null without choices; `n`: pairs
 */
export function lengthBias(
  tallies: readonly LengthTally[],
  options?: BootstrapOptions,
): Estimate | null {
  const chosen = tallies.filter(({ longer, shorter }) => longer + shorter > 0);
  const share = (pairs: ArrayLike<number>) => {
    let wins = 0, choices = 0;
    chosen.forEach(({ longer, shorter }, k) => {
      wins += pairs[k] * longer;
      choices += pairs[k] * (longer + shorter);
    });
    return wins / choices;
  };
  return bootstrapEstimate(chosen.map(({ pairs }) => pairs), share, options);
}
