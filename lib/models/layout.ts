/**
 * How the sequences of a batch lie in memory.
 *
 * Linear layers work on rows, one per token; attention works on blocks of equal length. A layout says which
 * rows form which block, who sees whom in it, and of which rows the next token's log-prob is wanted.
 *
 * - `padded`: one block per sequence, rows and blocks are the same; padding costs as much as text.
 * - `packed`: rows are the tokens alone.
 * - `shared-prompt`: packed, with chosen and rejected of a pair in one block behind one copy of their prompt
 *   (each sees the prompt and itself).
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { type BlockGroup, chunksOf } from "@/lib/models/attention.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { Chunk } from "@/lib/models/heads.ts";
import { ropeTables } from "@/lib/models/rope.ts";

export type LayoutKind = "padded" | "packed" | "shared-prompt";

/** Token ids, and where the part begins whose log-probs are wanted. */
export interface ScoredSequence {
  ids: ArrayLike<number>;
  start: number;
}

/** A batch on the host, ready to become tensors. Sequence i of the batch is number i in `sequences`. */
export interface Layout {
  kind: LayoutKind;
  /** How many sequences there are. */
  sequences: number;
  /** Scored tokens are summed by segment: those of a sequence, then, where prompts are scored, those of a prompt. */
  segments: number;
  /** Blocks by length: groups of `B` blocks of `S` places each, with 0 or {@link HIDDEN} in the mask [B, S, S]. */
  groups: { B: number; S: number; mask: Float32Array }[];
  /** Token id of each row. */
  ids: Int32Array;
  positions: Int32Array;
  /** Row of each place of all groups [P] and place of each row [N]; absent where they are the same. */
  places?: { rowOfPlace: Int32Array; placeOfRow: Int32Array };
  /** Rows whose next token is scored [M], that token [M], and the segment it belongs to [M]. */
  scoredRows: Int32Array;
  targets: Int32Array;
  segmentOf: Int32Array;
  /** What scored tokens count [M]; absent where all count 1. */
  weights?: Float32Array;
}

/** What is scored beside the completions. */
export interface Scoring {
  /** The prompts of the first half of the sequences, the chosen ones, from their second token on. */
  prompts?: boolean;
}

/** Added to a score that must not count; large enough to vanish in fp32, small enough not to overflow. */
const HIDDEN = -1e9;

interface Block {
  ids: number[];
  positions: number[];
  /** Whether place i sees place j ≤ i. */
  sees: (i: number, j: number) => boolean;
  /** [place, target, segment] */
  scored: [number, number, number][];
}

/** Sizes of a layout: what it needs, or what it is padded to. */
export interface LayoutSizes {
  /** Rows of tokens. */
  rows: number;
  /** Length of the blocks of each group, longest first. */
  lengths: number[];
  /** Rows whose next token is scored. */
  scored: number;
}

const roundUp = (n: number, multiple: number) => Math.ceil(n / multiple) * multiple;

/** Sizes a little larger than needed, so that batches of similar size have equal shapes and are traced once. */
const roundSizes = ({ rows, lengths, scored }: LayoutSizes): LayoutSizes => ({
  rows: roundUp(rows, 64),
  lengths: lengths.map((length) => roundUp(length, 32)),
  scored: roundUp(scored, 64),
});

/** At most so many groups: each saves padding and costs operations. */
const MOST_GROUPS = 4;

/**
 * Lays sequences out. For `shared-prompt` they come as pairs: the first half chosen, the second half rejected,
 * where pair i is sequences i and i + n/2 and both begin with the same `start` tokens.
 *
 * @param fit tells the sizes to pad to, at least those needed
 */
export function layOut(
  sequences: ScoredSequence[],
  kind: LayoutKind,
  fit: (needed: LayoutSizes) => LayoutSizes = roundSizes,
  scoring: Scoring = {},
): Layout {
  const { groups, needed } = arrange(sequences, kind, scoring);
  const segments = sequences.length + (scoring.prompts ? sequences.length / 2 : 0);
  const sizes = fit(needed), packed = kind !== "padded";
  const M = sizes.scored;
  const P = groups.reduce((n, group, g) => n + group.length * sizes.lengths[g], 0);
  const N = packed ? sizes.rows : P;
  const layout: Layout = {
    kind,
    sequences: sequences.length,
    segments,
    groups: groups.map((group, g) => ({
      B: group.length,
      S: sizes.lengths[g],
      mask: new Float32Array(group.length * sizes.lengths[g] ** 2).fill(HIDDEN),
    })),
    ids: new Int32Array(N),
    positions: new Int32Array(N),
    places: packed
      ? { rowOfPlace: new Int32Array(P).fill(N - 1), placeOfRow: new Int32Array(N).fill(P - 1) }
      : undefined,
    scoredRows: new Int32Array(M),
    targets: new Int32Array(M),
    // Padding belongs to a segment of its own that nobody reads.
    segmentOf: new Int32Array(M).fill(segments),
  };
  let offset = 0, place = 0, m = 0;
  groups.forEach((group, g) => {
    const { S, mask } = layout.groups[g];
    group.forEach((block, b) => {
      const base = packed ? offset : place;
      fillMask(mask.subarray(b * S * S, (b + 1) * S * S), S, block);
      block.ids.forEach((id, i) => {
        layout.ids[base + i] = id;
        layout.positions[base + i] = block.positions[i];
        if (layout.places) {
          layout.places.rowOfPlace[place + i] = base + i;
          layout.places.placeOfRow[base + i] = place + i;
        }
      });
      for (const [at, target, segment] of block.scored) {
        layout.scoredRows[m] = base + at;
        layout.targets[m] = target;
        layout.segmentOf[m++] = segment;
      }
      offset += block.ids.length;
      place += S;
    });
  });
  return layout;
}

/** The sizes that {@link layOut} needs for these sequences. */
export const neededSizes = (
  sequences: ScoredSequence[],
  kind: LayoutKind,
  scoring: Scoring = {},
): LayoutSizes => arrange(sequences, kind, scoring).needed;

/** Blocks in groups of similar length, and the sizes that they need. */
function arrange(
  sequences: ScoredSequence[],
  kind: LayoutKind,
  { prompts = false }: Scoring,
): { groups: Block[][]; needed: LayoutSizes } {
  const blocks = kind === "shared-prompt" ? pairBlocks(sequences) : sequences.map(sequenceBlock);
  if (prompts) {
    blocks.slice(0, sequences.length / 2).forEach((block, i) =>
      block.scored.push(...promptScores(sequences[i], sequences.length + i))
    );
  }
  const packed = kind !== "padded";
  // Longest first, so that blocks of similar length form a group; padded, all are of one length.
  if (packed) blocks.sort((a, b) => b.ids.length - a.ids.length);
  const perGroup = packed ? Math.ceil(blocks.length / MOST_GROUPS) : blocks.length;
  const groups = Array.from(
    { length: Math.ceil(blocks.length / perGroup) },
    (_, g) => blocks.slice(g * perGroup, (g + 1) * perGroup),
  );
  const tokens = blocks.reduce((n, b) => n + b.ids.length, 0);
  // Packed, the last place of a block stays empty: padding rows take their gradient from there, which is zero.
  const longest = (group: Block[]) =>
    Math.max(...group.map((b) => b.ids.length)) + (packed ? 1 : 0);
  const needed = {
    // Packed, one row at least is padding: every empty place of a block points at the last row.
    rows: packed ? tokens + 1 : blocks.length * longest(blocks),
    lengths: groups.map(longest),
    scored: Math.max(1, blocks.reduce((n, b) => n + b.scored.length, 0)),
  };
  return { groups, needed };
}

/** Opens the places that each place of a block sees. */
function fillMask(mask: Float32Array, S: number, { ids, sees }: Block): void {
  for (let i = 0; i < ids.length; i++) {
    for (let j = 0; j <= i; j++) if (sees(i, j)) mask[i * S + j] = 0;
  }
  // A place without a token sees the first one, so that its softmax is finite.
  for (let i = ids.length; i < S; i++) mask[i * S] = 0;
}

function sequenceBlock({ ids, start }: ScoredSequence, sequence: number): Block {
  const tokens = Array.from(ids);
  return {
    ids: tokens,
    positions: tokens.map((_, i) => i),
    sees: () => true,
    scored: tokens.slice(start).map((target, k) => [start + k - 1, target, sequence]),
  };
}

/** In both kinds of blocks a prompt's tokens come first. */
const promptScores = ({ ids, start }: ScoredSequence, segment: number) =>
  Array.from(ids).slice(1, start).map((
    target,
    k,
  ): [number, number, number] => [k, target, segment]);

function pairBlocks(sequences: ScoredSequence[]): Block[] {
  const half = sequences.length / 2;
  return sequences.slice(0, half).map((chosen, i) => {
    const rejected = sequences[half + i], P = chosen.start;
    const prompt = Array.from(chosen.ids).slice(0, P);
    if (rejected.start !== P || prompt.some((id, k) => rejected.ids[k] !== id)) {
      throw new RangeError(`pair ${i} has two different prompts and cannot share one`);
    }
    const c = Array.from(chosen.ids).slice(P),
      r = Array.from(rejected.ids).slice(P),
      end = P + c.length;
    const ids = [...prompt, ...c, ...r];
    return {
      ids,
      positions: ids.map((_, k) => k < end ? k : k - c.length),
      sees: (i, j) => i < end || j < P || j >= end,
      scored: [
        ...c.map((target, k): [number, number, number] => [P + k - 1, target, i]),
        ...r.map((
          target,
          k,
        ): [number, number, number] => [k === 0 ? P - 1 : end + k - 1, target, half + i]),
      ],
    };
  });
}

/** A layout as tensors: the arguments of a traced function. */
export interface LayoutTensors {
  ids_N: tf.Tensor;
  places: { rowOfPlace: tf.Tensor; placeOfRow: tf.Tensor } | null;
  groups: BlockGroup[];
  /** The groups as layers with a sliding window see them; null where they see what the others do. */
  slidingGroups: BlockGroup[] | null;
  /** Position of each row [N], where positions are learned. */
  positions_N: tf.Tensor | null;
  scoredRows_M: tf.Tensor;
  targets_M: tf.Tensor;
  segmentOf_M: tf.Tensor;
  /** What scored tokens count, fp32; null where all count 1. */
  weights_M: tf.Tensor1D | null;
  /** How many scored tokens each segment has, fp32 [segments]. */
  lengths: tf.Tensor1D;
  sequences: number;
  segments: number;
}

export function layoutTensors(layout: Layout, config: DecoderConfig): LayoutTensors {
  const int32 = (values: Int32Array) => tf.tensor1d(values, "int32");
  const positions = layout.places?.rowOfPlace.map((row) => layout.positions[row]) ??
    layout.positions;
  const blocksOf = (sliding: boolean): BlockGroup[] => {
    let end = 0;
    return layout.groups.map(({ B, S, mask }) => {
      const own = positions.subarray(end, end += B * S);
      const seen = sliding ? withinWindow(mask, S, own, config) : mask;
      return {
        B,
        S,
        tables: ropeTables(own, config, sliding),
        masks: chunksOf(S).map((chunk) => chunkMask(seen, B, S, chunk)),
      };
    });
  };
  const longest = Math.max(...layout.groups.map(({ S }) => S));
  return {
    ids_N: int32(layout.ids),
    places: layout.places
      ? {
        rowOfPlace: int32(layout.places.rowOfPlace),
        placeOfRow: int32(layout.places.placeOfRow),
      }
      : null,
    groups: blocksOf(false),
    slidingGroups: slidesWithin(config, longest) ? blocksOf(true) : null,
    positions_N: config.differences?.learnedPositions ? int32(layout.positions) : null,
    scoredRows_M: int32(layout.scoredRows),
    targets_M: int32(layout.targets),
    segmentOf_M: int32(layout.segmentOf),
    weights_M: layout.weights ? tf.tensor1d(layout.weights) : null,
    lengths: tf.tensor1d(segmentLengths(layout)),
    sequences: layout.sequences,
    segments: layout.segments,
  };
}

/** Whether sliding layers compute something else than the others where no sequence has more than `length` places. */
export const slidesWithin = ({ differences: d }: DecoderConfig, length: number): boolean =>
  d?.slidingWindow !== undefined && (length > d.slidingWindow || d.slidingRopeTheta !== undefined);

/** Whether a token at one position sees another at an earlier one through the window. */
export const isWithin = (
  { differences: d }: DecoderConfig,
  position: number,
  earlier: number,
): boolean => position - earlier < (d?.slidingWindow ?? Infinity);

/** The masks [B, S, S] with what is out of the window hidden too. */
function withinWindow(
  mask: Float32Array,
  S: number,
  positions: Int32Array,
  config: DecoderConfig,
): Float32Array {
  return mask.map((value, at) => {
    const j = at % S, i = (at - j) / S, block = i - i % S;
    return isWithin(config, positions[i], positions[block + j]) ? value : HIDDEN;
  });
}

/** Of the masks [B, S, S], what a chunk's queries see. */
function chunkMask(mask: Float32Array, B: number, S: number, { from, to }: Chunk): tf.Tensor {
  const rows = Array.from({ length: B }, (_, b) => b * S * S).flatMap((block) =>
    Array.from({ length: to - from }, (_, i) => block + (from + i) * S)
  );
  const values = new Float32Array(rows.length * to);
  rows.forEach((at, i) => values.set(mask.subarray(at, at + to), i * to));
  return tf.tensor(values, [B, 1, 1, to - from, to]);
}

/** How many scored tokens each segment has. */
export function segmentLengths({ segmentOf, segments }: Layout): Float32Array {
  const lengths = new Float32Array(segments + 1);
  for (const segment of segmentOf) lengths[segment]++;
  return lengths.subarray(0, segments);
}

/** Frees a layout's tensors. */
export function disposeLayout(
  { places, groups, slidingGroups, ...rest }: LayoutTensors,
): void {
  for (const { tables, masks } of [...groups, ...slidingGroups ?? []]) {
    tf.dispose([tables.cos, tables.sin, ...masks]);
  }
  if (places) tf.dispose([places.rowOfPlace, places.placeOfRow]);
  tf.dispose([rest.ids_N, rest.scoredRows_M, rest.targets_M, rest.segmentOf_M, rest.lengths]);
  rest.weights_M?.dispose();
  rest.positions_N?.dispose();
}
