/**
 * Stretches of a matrix's rows or columns, which processes divide it into.
 *
 * @module
 */

/** A stretch of one axis. */
export interface Stretch {
  axis: 0 | 1;
  from: number;
  count: number;
}

/** The part of `count` entries that a process has. */
export function stretchOf(
  count: number,
  world: number,
  rank: number,
): { from: number; count: number } {
  const at = (rank: number) => Math.floor(rank * count / world);
  return { from: at(rank), count: at(rank + 1) - at(rank) };
}

/** A stretch of a matrix, by itself. */
export function cut(
  values: Float32Array,
  shape: number[],
  { axis, from, count }: Stretch,
): Float32Array {
  const [rows, columns] = shape;
  if (axis === 0) return values.slice(from * columns, (from + count) * columns);
  const part = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const at = row * columns + from;
    part.set(values.subarray(at, at + count), row * count);
  }
  return part;
}

/** Puts a stretch where it was cut from. */
export function put(
  whole: Float32Array,
  shape: number[],
  { axis, from, count }: Stretch,
  part: Float32Array,
): void {
  const [rows, columns] = shape;
  if (axis === 0) return whole.set(part.subarray(0, count * columns), from * columns);
  for (let row = 0; row < rows; row++) {
    whole.set(part.subarray(row * count, (row + 1) * count), row * columns + from);
  }
}
