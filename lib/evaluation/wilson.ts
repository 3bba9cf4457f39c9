/**
 * Wilson's score interval for a proportion: honest for few trials and for proportions near 0 and 1, where the
 * usual ±1.96·√(p(1−p)/n) is not.
 *
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 *
 * @param successes of `trials`, which is at least 1
 * @param z standard errors to each side; 1.96 for 95 %
 * @returns lower and upper end, between 0 and 1
 */
export function wilsonInterval(successes: number, trials: number, z = 1.96): [number, number] {
  const p = successes / trials;
  const shrink = 1 + z ** 2 / trials;
  const center = (p + z ** 2 / (2 * trials)) / shrink;
  const half = (z / shrink) * Math.sqrt(p * (1 - p) / trials + z ** 2 / (4 * trials ** 2));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
