/**
 * Few shapes for many batches. Every new shape is traced and compiled, which costs seconds; padding a batch to
 * a shape that is there already costs a fraction of one step.
 *
 * @module
 */

import type { LayoutSizes } from "@/lib/models/layout.ts";

const MULTIPLES: LayoutSizes = { rows: 128, length: 32, scored: 64 };
/** How much larger than needed a known shape may be in each size. */
const SLACK: LayoutSizes = { rows: 1.25, length: 1.5, scored: 1.5 };
const KEYS = ["rows", "length", "scored"] as const;

/** Shapes by group of batches; part of a checkpoint, so that a resumed run pads, and rounds, as the first one. */
export type KnownShapes = Record<string, LayoutSizes[]>;

export class Buckets {
  constructor(readonly known: KnownShapes = {}) {}

  /**
   * The sizes to use for a batch that needs at least `needed`: known ones where they fit, else new ones a
   * little larger than needed.
   *
   * @param group batches that differ in other ways (layout, number of sequences) share no shapes
   */
  fit(group: string, needed: LayoutSizes): LayoutSizes {
    const known = this.known[group] ?? [];
    const fitting = known
      .filter((sizes) =>
        KEYS.every((k) =>
          needed[k] <= sizes[k] && sizes[k] <= Math.max(needed[k] * SLACK[k], MULTIPLES[k])
        )
      )
      .sort((a, b) => a.rows - b.rows || a.length - b.length || a.scored - b.scored);
    if (fitting.length > 0) return fitting[0];
    const sizes = Object.fromEntries(
      KEYS.map((k) => [k, Math.ceil(needed[k] * 1.05 / MULTIPLES[k]) * MULTIPLES[k]]),
    ) as unknown as LayoutSizes;
    this.known[group] = [...known, sizes];
    return sizes;
  }
}
