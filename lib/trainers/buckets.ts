/**
 * Few shapes for many batches. Every new shape is traced and compiled, which costs seconds; padding a batch to
 * a shape that is there already costs a fraction of one step.
 *
 * @module
 */

import type { LayoutSizes } from "@/lib/models/layout.ts";

/** Lengths in halves of a chunk of queries share their compiled kernels with other lengths. */
const MULTIPLES = { rows: 64, length: 64, scored: 64 };
/** A shape more pays, roughly, where at least so many batches use it. */
const BATCHES_PER_SHAPE = 10;
const FEWEST_SHAPES = 2, MOST_SHAPES = 6;

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
      .sort((a, b) =>
        attentionCost(a) - attentionCost(b) || a.rows - b.rows || a.scored - b.scored
      );
    if (fitting.length > 0) return fitting[0];
    const sizes = enlarge(needed);
    this.known[group] = [...known, sizes];
    return sizes;
  }

  /**
   * Makes shapes for batches that are known beforehand, each for an equal share of them: the longer the run, the
   * more. Does nothing where there are shapes already.
   *
   * @param needs sizes of batches as they will come
   * @param batches how many there will be in all
   */
  plan(group: string, needs: LayoutSizes[], batches: number): void {
    if (this.known[group] || needs.length === 0) return;
    const count = Math.max(
      FEWEST_SHAPES,
      Math.min(MOST_SHAPES, Math.ceil(batches / BATCHES_PER_SHAPE)),
    );
    const at = (share: number, values: number[]) =>
      values.sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
    const shapes = Array.from({ length: count }, (_, i) => {
      const share = (i + 1) / count;
      return enlarge({
        rows: at(share, needs.map((n) => n.rows)),
        lengths: needs[0].lengths.map((_, i) => at(share, needs.map((n) => n.lengths[i]))),
        scored: at(share, needs.map((n) => n.scored)),
      });
    });
    const written = shapes.map((shape) => JSON.stringify(shape));
    this.known[group] = shapes.filter((_, i) => written.indexOf(written[i]) === i);
  }
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

/** Attention costs what its blocks are in area. */
const attentionCost = ({ lengths }: LayoutSizes) =>
  lengths.reduce((sum, length) => sum + length ** 2, 0);
