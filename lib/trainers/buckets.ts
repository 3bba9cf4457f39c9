/**
 * Few shapes for many batches. Every new shape is traced and compiled, which costs seconds; padding a batch to
 * a shape that is there already costs a fraction of one step.
 *
 * @module
 */

import type { LayoutSizes } from "@/lib/models/layout.ts";

/** Lengths in halves of a chunk of queries share their compiled kernels with other lengths. */
const MULTIPLES = { rows: 64, length: 64, scored: 64 };
/** To trace a new shape takes as long as so many steps. */
const TRACING_STEPS = 1;
const MOST_SHAPES = 12;

/** Shapes by group of batches; part of a checkpoint, so that a resumed run pads, and rounds, as the first one. */
export type KnownShapes = Record<string, LayoutSizes[]>;

export class Buckets {
  constructor(readonly known: KnownShapes = {}) {}

  /**
   * The sizes to use for a batch that needs at least `needed`: the smallest known ones that it fits into, else
   * new ones.
   *
   * @param group batches that differ in other ways (layout, number of sequences) share no shapes
   */
  fit(group: string, needed: LayoutSizes): LayoutSizes {
    const known = this.known[group] ?? [];
    const fitting = known
      .filter((sizes) => covers(sizes, needed))
      .sort((a, b) => cost(a) - cost(b));
    if (fitting.length > 0) return fitting[0];
    const sizes = enlarge(needed);
    this.known[group] = [...known, sizes];
    return sizes;
  }

  /**
   * Makes shapes for batches that are known beforehand: as many, and such ones, that tracing them and the padding
   * they leave cost the least together. Does nothing where there are shapes already.
   *
   * @param needs sizes of batches as they will come
   * @param batches how many there will be in all
   */
  plan(group: string, needs: LayoutSizes[], batches: number): void {
    if (this.known[group] || needs.length === 0) return;
    const sorted = needs.map(enlarge).sort((a, b) => cost(a) - cost(b));
    const mean = sorted.reduce((sum, sizes) => sum + cost(sizes), 0) / sorted.length;
    const tracing = TRACING_STEPS * mean * (sorted.length / batches);
    this.known[group] = bestPartition(sorted, tracing);
  }
}

/**
 * Splits sizes, sorted by cost, into stretches that share the shape that all of them fit into.
 * @param tracing what one more shape costs
 */
function bestPartition(sorted: LayoutSizes[], tracing: number): LayoutSizes[] {
  /** The cheapest way to cover the first n sizes. */
  const best: { cost: number; shapes: LayoutSizes[] }[] = [{ cost: 0, shapes: [] }];
  for (let n = 1; n <= sorted.length; n++) {
    let shape = sorted[n - 1];
    let cheapest = { cost: Infinity, shapes: [] as LayoutSizes[] };
    for (let from = n - 1; from >= 0; from--) {
      shape = largest(shape, sorted[from]);
      const before = best[from];
      const total = before.cost + tracing + (n - from) * cost(shape);
      if (total < cheapest.cost && before.shapes.length < MOST_SHAPES) {
        cheapest = { cost: total, shapes: [...before.shapes, shape] };
      }
    }
    best.push(cheapest);
  }
  return best.at(-1)!.shapes;
}

const roundUp = (n: number, multiple: number) => Math.ceil(n / multiple) * multiple;
const enlarge = ({ rows, lengths, scored }: LayoutSizes): LayoutSizes => ({
  rows: roundUp(rows, MULTIPLES.rows),
  lengths: lengths.map((length) => roundUp(length, MULTIPLES.length)),
  scored: roundUp(scored, MULTIPLES.scored),
});

const covers = (sizes: LayoutSizes, needed: LayoutSizes) =>
  sizes.rows >= needed.rows && sizes.scored >= needed.scored &&
  sizes.lengths.every((length, i) => length >= needed.lengths[i]);

const largest = (a: LayoutSizes, b: LayoutSizes): LayoutSizes => ({
  rows: Math.max(a.rows, b.rows),
  lengths: a.lengths.map((length, i) => Math.max(length, b.lengths[i])),
  scored: Math.max(a.scored, b.scored),
});

/**
 * What a step costs, in rows: attention goes by the area of its blocks, scores by a vocabulary's width. The weights
 * are those of a step of SmolLM2 on a CPU; of other models they are right enough to choose by.
 */
const cost = ({ rows, lengths, scored }: LayoutSizes): number =>
  rows + lengths.reduce((sum, length) => sum + length ** 2, 0) / 700 + scored / 3;
