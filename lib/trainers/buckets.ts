/**
 * Few shapes for many batches. Every new shape is traced and compiled, which costs seconds; padding a batch to
 * a shape that is there already costs a fraction of one step.
 *
 * @module
 */

import type { LayoutSizes } from "@/lib/models/layout.ts";

/** Lengths in halves of a chunk of queries share their compiled kernels with other lengths. */
const MULTIPLES = { rows: 64, length: 64, scored: 64 };
/** Share of the batches that the smaller of the two planned shapes is made for. */
const TYPICAL = 0.7;

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
   * Makes two shapes for batches that are known beforehand: one that most of them fit into, and one for all.
   * Does nothing where there are shapes already.
   */
  plan(group: string, needs: LayoutSizes[]): void {
    if (this.known[group] || needs.length === 0) return;
    const at = (share: number, values: number[]) =>
      values.sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
    const shape = (share: number) =>
      enlarge({
        rows: at(share, needs.map((n) => n.rows)),
        lengths: needs[0].lengths.map((_, i) => at(share, needs.map((n) => n.lengths[i]))),
        scored: at(share, needs.map((n) => n.scored)),
      });
    const [typical, largest] = [shape(TYPICAL), shape(1)];
    this.known[group] = JSON.stringify(typical) === JSON.stringify(largest)
      ? [largest]
      : [typical, largest];
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
