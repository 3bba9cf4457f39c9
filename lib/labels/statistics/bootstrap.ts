/**
 * Bootstrap intervals over pairs of solutions.
 *
 * Labels of one pair are not independent of each other, pairs are: so whole pairs are drawn. Pairs that were judged
 * alike are interchangeable, so what is drawn is how often each kind of pair occurs, from the multinomial
 * distribution: the same as drawing pair by pair, at the cost of the number of kinds and not of pairs.
 *
 * B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
 *
 * @module
 */
import { randomBinomial } from "d3-random";
import { xoroshiro128plus } from "pure-rand";
import { quantileSorted } from "simple-statistics";
import { type Estimate, LEVEL } from "@/lib/labels/statistics/estimate.ts";

/** How many samples are drawn, and from which seed: the same seed gives the same interval. */
export interface BootstrapOptions {
  /** Default 1000. */
  resamples?: number;
  /** Default 1. */
  seed?: number;
}

/**
 * Draws samples as large as the one there is.
 *
 * @param times how many pairs there are of each kind
 * @returns for each sample, how many of each kind it holds; the array is reused from sample to sample
 */
export function* resampled(
  times: readonly number[],
  { resamples = 1000, seed = 1 }: BootstrapOptions = {},
): Generator<Float64Array> {
  const random = xoroshiro128plus(seed);
  const binomial = randomBinomial.source(() => (random.unsafeNext() >>> 0) / 2 ** 32);
  const total = times.reduce((sum, n) => sum + n, 0);
  const drawn = new Float64Array(times.length);
  for (let i = 0; i < resamples; i++) {
    // A multinomial draw, kind by kind: binomial given what the kinds before have left.
    let left = total, of = total;
    for (let k = 0; k < times.length; k++) {
      drawn[k] = left === 0 ? 0 : binomial(left, times[k] / of)();
      left -= drawn[k];
      of -= times[k];
    }
    yield drawn;
  }
}

/** The middle 95 % of some values, NaN left out; null when less than half of them are numbers. */
export function percentileInterval(values: readonly number[]): [number, number] | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0 || sorted.length < values.length / 2) return null;
  const tail = (1 - LEVEL) / 2;
  return [quantileSorted(sorted, tail), quantileSorted(sorted, 1 - tail)];
}

/**
 * A statistic of kinds of pairs with its percentile interval.
 *
 * @param statistic of how many pairs there are of each kind; NaN where it cannot be computed
 * @returns null where it cannot be computed; `n`: pairs
 */
export function bootstrapEstimate(
  times: readonly number[],
  statistic: (times: ArrayLike<number>) => number,
  options?: BootstrapOptions,
): Estimate | null {
  const value = statistic(times);
  if (Number.isNaN(value)) return null;
  const values: number[] = [];
  for (const drawn of resampled(times, options)) values.push(statistic(drawn));
  const interval = percentileInterval(values);
  if (!interval) return null;
  const n = times.reduce((sum, pairs) => sum + pairs, 0);
  return { value, low: interval[0], high: interval[1], n };
}
