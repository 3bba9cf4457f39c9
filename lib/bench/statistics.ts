/**
 * Numbers of several rounds in one.
 *
 * @module
 */

/** The middle one, and the smallest and the largest. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/**
 * Median and range of some numbers; the median of an even count is the mean of the middle two.
 * @throws RangeError when there are none
 */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("no numbers to take the median of");
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return {
    median: sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    min: sorted[0],
    max: sorted.at(-1)!,
  };
}
