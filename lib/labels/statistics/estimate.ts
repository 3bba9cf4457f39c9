/**
 * Numbers with their uncertainty.
 *
 * @module
 */
import { wilsonInterval } from "@/lib/evaluation/wilson.ts";

/** How sure every interval is: were the labeling repeated, 95 of 100 intervals would hold the true value. */
export const LEVEL = 0.95;
/** Standard errors to each side of an estimate for {@link LEVEL}: the normal distribution's quantile of 0.975. */
export const Z = 1.959963984540054;

/** An estimate with its 95 % interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
  /** How many observations it rests on; each statistic says of what. */
  n: number;
}

/** A proportion with Wilson's score interval; null without trials. */
export function proportion(successes: number, trials: number): Estimate | null {
  if (trials === 0) return null;
  const [low, high] = wilsonInterval(successes, trials, Z);
  return { value: successes / trials, low, high, n: trials };
}
