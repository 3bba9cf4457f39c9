/**
 * The exact test of a fair coin.
 *
 * @module
 */
import { gammaln } from "simple-statistics";

/**
 * How probable it is that a fair coin gives heads so many times, or so few, as `successes` of `trials`: the exact
 * two-sided binomial test of p = 1/2, which is twice the smaller tail.
 *
 * @param trials at least 1
 * @returns between 0 and 1; small: the coin is not fair
 */
export function fairCoinTest(successes: number, trials: number): number {
  const fewer = Math.min(successes, trials - successes);
  if (2 * fewer === trials) return 1;
  let tail = 0;
  for (let k = 0; k <= fewer; k++) {
    const ways = gammaln(trials + 1) - gammaln(k + 1) - gammaln(trials - k + 1);
    tail += Math.exp(ways - trials * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}
