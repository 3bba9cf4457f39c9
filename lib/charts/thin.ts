/**
 * Long lines with as many points as a screen can show.
 *
 * @module
 */

/** About the width of a figure's frame in pixels. */
const COLUMNS = 480;

/**
 * Points of a line, in order of `examples`, without those that cannot be seen: of each column of pixels the first,
 * the last, the lowest and the highest stay (Jugel et al. 2014, M4), so that no peak is lost.
 */
export function thin<Point extends { examples: number; value: number }>(
  points: readonly Point[],
): readonly Point[] {
  if (points.length <= 4 * COLUMNS) return points;
  const start = points[0].examples, span = points[points.length - 1].examples - start;
  const columns = Map.groupBy(
    points,
    ({ examples }) => Math.floor(COLUMNS * (examples - start) / span),
  );
  return [...columns.values()].flatMap((column) => {
    const lowest = column.reduce((a, b) => b.value < a.value ? b : a);
    const highest = column.reduce((a, b) => b.value > a.value ? b : a);
    const kept = new Set([column[0], lowest, highest, column[column.length - 1]]);
    return column.filter((point) => kept.has(point));
  });
}
