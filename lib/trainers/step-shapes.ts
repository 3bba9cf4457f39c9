/**
 * Shapes of training steps as far as memory depends on them, and what attention keeps of such a shape.
 *
 * @module
 */
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type LayoutKind, type LayoutSizes, slidesWithin } from "@/lib/models/layout.ts";

/** One shape that a step is traced for. */
export interface StepShape {
  /** Rows of tokens, padding among them. */
  rows: number;
  /** Blocks of attention: B blocks of S places each. */
  groups: { B: number; S: number }[];
  /** Rows whose next token is scored. */
  scored: number;
}

/** The shape of a layout of so many sequences that is padded to the given sizes. */
export function stepShape(
  kind: LayoutKind,
  sequences: number,
  { rows, lengths, scored }: LayoutSizes,
): StepShape {
  const blocks = kind === "shared-prompt" ? sequences / 2 : sequences;
  const perGroup = Math.ceil(blocks / lengths.length);
  const groups = lengths.map((S, g) => ({ B: Math.min(perGroup, blocks - g * perGroup), S }));
  const places = groups.reduce((n, { B, S }) => n + B * S, 0);
  return { rows: kind === "padded" ? places : rows, groups, scored };
}

/** Queries are taken so many at a time, see attention.ts. */
const QUERY_CHUNK = 128;

/** Bytes of attention. */
export interface AttentionMemory {
  /** What a layer keeps for the gradient: heads, weights and mix. */
  kept: number;
  /** What a layer computes on its way back beside that. */
  working: number;
  /** Masks and rotary angles, there once for all layers. */
  shared: number;
}

/**
 * What attention takes of a step.
 * @param e bytes of a number in the precision of the products
 */
export function attentionMemory(
  config: DecoderConfig,
  { groups }: StepShape,
  e: number,
): AttentionMemory {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = config;
  // Masks and angles of sliding layers; scores before their cap and the gradient of those behind it.
  const views = slidesWithin(config, Math.max(...groups.map(({ S }) => S))) ? 2 : 1;
  const scores = config.differences?.attentionCap === undefined ? 2 : 4;
  const sum = (of: (group: StepShape["groups"][number]) => number) =>
    groups.reduce((n, group) => n + of(group), 0);
  const places = sum(({ B, S }) => B * S), Q = H * K, A = Q + 2 * G * K;
  // Queries of a chunk see no key behind it.
  const seen = ({ B, S }: StepShape["groups"][number]) => {
    let pairs = 0;
    for (let from = 0; from < S; from += QUERY_CHUNK) {
      const to = Math.min(S, from + QUERY_CHUNK);
      pairs += (to - from) * to;
    }
    return B * pairs;
  };
  const largest = Math.max(...groups.map(seen));
  return {
    kept: e * (places * (A + Q) + H * sum(seen)),
    working: e * (places * (A + 2 * Q) + scores * H * largest),
    shared: 4 * views * (sum(seen) + places * K),
  };
}
