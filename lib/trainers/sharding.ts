/**
 * Parameters divided among processes, "fully sharded data parallelism": Zhao et al. 2023 (arXiv 2304.11277).
 *
 * The tensors of a block (a layer; everything outside of layers) lie in one vector, of which every process keeps an
 * equal piece: of the weights, of their gradients and of the optimiser's state. A block is gathered when it is needed,
 * forward and again backward, and its gradient is summed over the processes, of which each keeps its piece.
 *
 * @module
 */
import { after, attr, customGradMany, DataType, op, tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { Weight } from "@/lib/models/export.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { toFp32 } from "@/lib/models/precision.ts";
import { globalNorm } from "@/lib/trainers/gradients.ts";
import { ProcessGroup } from "@/lib/trainers/process-group.ts";
import type { AdaptedBase } from "@/lib/trainers/replicated-adapters.ts";
import type { Read, Shapes } from "@/lib/trainers/parallelism.ts";

/** A tensor's place in its block's vector. */
interface Place {
  name: string;
  shape: number[];
  from: number;
  size: number;
}

/** Tensors that are gathered together. */
export interface Block {
  /** The name that its pieces have. */
  name: string;
  places: Place[];
  /** How many numbers a piece has; the last one is filled up with zeros. */
  pieceSize: number;
}

const LAYER = /^model\.layers\.\d+\./;
/** The name of pieces, behind the layer's prefix. */
const PIECE = "piece";
/** Functions with collectives of their own have so many keys each; those from `SCALARS` on are no blocks'. */
const KEYS_OF_A_FUNCTION = 100_000, SCALARS = 90_000;
/** Numbers of what is no step's function: whole tensors, and what is agreed on, which is the last: its keys go by length. */
const WHOLE = 4, AGREEMENT = 5;

/**
 * Divides a model among `world` processes, of which this one is `rank`.
 *
 * With `activation_checkpointing` alone does a layer's memory come free: without, it is kept for the gradient.
 */
export class Sharding implements AdaptedBase {
  readonly divided = true;
  readonly gathers = true;
  readonly share = null;
  readonly batchShares: number;
  readonly blocks: ReadonlyMap<string, Block>;
  /** Collectives are numbered layer by layer. */
  readonly alike = false;
  private firstKey = 0;
  /** How often each key's first owner asked in the function that is traced. */
  private asked = new Map<number, number>();
  /** What the layer before was given. */
  private inputBefore: tf.Tensor[] = [];
  /** Gradients of the last two blocks: sums that lag behind would leave whole gradients in memory. */
  private summed: tf.Tensor[] = [];
  private readonly group: ProcessGroup;

  constructor(
    shapes: Shapes,
    readonly rank: number,
    readonly world: number,
  ) {
    const blocks = new Map<string, Block>();
    for (const [name, shape] of shapes) {
      const own = (LAYER.exec(name)?.[0] ?? "") + PIECE, size = shape.reduce((a, b) => a * b, 1);
      const block = blocks.get(own) ?? { name: own, places: [], pieceSize: 0 };
      blocks.set(own, block);
      const last = block.places.at(-1);
      block.places.push({ name, shape, from: last ? last.from + last.size : 0, size });
    }
    for (const block of blocks.values()) {
      const { from, size } = block.places.at(-1)!;
      block.pieceSize = Math.ceil((from + size) / world);
    }
    this.blocks = blocks;
    this.batchShares = world;
    this.group = new ProcessGroup(rank, world, 1 + AGREEMENT * KEYS_OF_A_FUNCTION);
  }

  localConfig(config: DecoderConfig): DecoderConfig {
    return config;
  }

  /**
   * This process's piece of a block.
   * @param read a whole tensor; only those that the piece has a part of are asked for
   */
  async piece(
    { places, pieceSize }: Block,
    read: Read,
  ): Promise<Float32Array> {
    const piece = new Float32Array(pieceSize), begin = this.rank * pieceSize;
    for (const { name, from, size } of places) {
      const first = Math.max(from, begin), end = Math.min(from + size, begin + pieceSize);
      if (first >= end) continue;
      piece.set((await read(name)).subarray(first - from, end - from), first - begin);
    }
    return piece;
  }

  /**
   * Runs the body of a traced function. Its collectives are numbered by what they are of, and so are every other
   * process's, whenever that traces it and whatever else it computes.
   *
   * @param number another one for each function
   */
  numbered<R>(number: number, body: () => R): R {
    this.firstKey = 1 + number * KEYS_OF_A_FUNCTION;
    this.asked = new Map();
    this.inputBefore = [];
    const result = body();
    tf.dispose(this.summed.splice(0));
    return result;
  }

  deviceOf(): null {
    return null;
  }

  place<R>(_: number, run: () => R): R {
    return run();
  }

  shares(pairs: TokenizedPair[]): TokenizedPair[][] {
    const size = pairs.length / this.world;
    return Array.from({ length: this.world }, (_, r) => pairs.slice(r * size, (r + 1) * size));
  }

  /**
   * Whole tensors from the pieces of one layer; gradients come back summed, as the gradient of this one's piece. A
   * layer is gathered while the one before it computes, not sooner: at most two are in memory.
   */
  gather(pieces: Weights, input: tf.Tensor[]): Weights {
    const [[name, piece]] = Object.entries(pieces), block = this.blocks.get(name)!;
    const first = name === `model.layers.0.${PIECE}`;
    // In a second run of a layer, which waits for its gradient, what other layers' second runs were given is gone.
    const before = [
      ...this.inputBefore.filter((tensor) => !tensor.isDisposed),
      ...this.summed.slice(0, -1),
    ];
    const waiting = first ? piece : after(piece, before);
    this.inputBefore = input;
    const values = customGradMany((piece) => ({
      values: this.opened(piece, block),
      saved: [],
      gradients: (dy) => [() => this.reduced(dy, block)],
    }))(waiting);
    return Object.fromEntries(block.places.map((place, i) => [place.name, values[i]]));
  }

  /** The same for tensors whose gradients are taken one by one, see {@link reduce}. */
  open(pieces: Weights): Weights {
    const layers = Object.entries(pieces).filter(([name]) => name !== PIECE);
    const block = this.blocks.get(PIECE)!, values = this.opened(pieces[PIECE], block);
    return {
      ...Object.fromEntries(layers),
      ...Object.fromEntries(block.places.map((place, i) => [place.name, values[i]])),
    };
  }

  /** Gradients of what {@link open} gave as gradients of the pieces. */
  reduce(gradients: Weights): Weights {
    const block = this.blocks.get(PIECE)!;
    const pieces = Object.entries(gradients).filter(([name]) => name.endsWith(PIECE));
    return {
      ...Object.fromEntries(pieces),
      [PIECE]: this.reduced(block.places.map(({ name }) => gradients[name]), block),
    };
  }

  /** Norm of the whole gradient from all processes' pieces. */
  norm(pieces: Weights): tf.Tensor {
    const own = tf.square(globalNorm(Object.values(pieces)));
    return tf.reshape(tf.sqrt(this.sum(tf.reshape(own, [1]))), []);
  }

  /** Numbers of all processes' examples, by rank. */
  collect(values: tf.Tensor1D): tf.Tensor1D {
    return this.group.gatherAll(values, this.scalarKey()) as tf.Tensor1D;
  }

  /** Sum of all processes' numbers. */
  sum(values: tf.Tensor): tf.Tensor {
    return this.group.reduceAll(values, this.scalarKey());
  }

  /** Gathered matrices are whole. */
  adapterAxis(): null {
    return null;
  }

  agree(values: number[]): Promise<number[]> {
    return this.group.agree(values);
  }

  async *part(kept: string[], read: Read): AsyncGenerator<[string, Float32Array]> {
    for (const name of kept) yield [name, await this.piece(this.blocks.get(name)!, read)];
  }

  kept(): Shapes {
    return new Map([...this.blocks.values()].map(({ name, pieceSize }) => [name, [pieceSize]]));
  }

  async *whole(kept: string[], take: (name: string) => tf.Tensor): AsyncGenerator<Weight> {
    for (const [i, { name, places }] of [...this.blocks.values()].entries()) {
      if (!kept.includes(name)) continue;
      const piece = take(name);
      const flat = this.group.gatherAll(piece, 1 + WHOLE * KEYS_OF_A_FUNCTION + i);
      const values = await flat.data() as Float32Array;
      tf.dispose([piece, flat]);
      for (const { name, shape, from, size } of places) {
        yield { name, shape, data: values.subarray(from, from + size) };
      }
    }
  }

  private opened(piece: tf.Tensor, block: Block): tf.Tensor[] {
    const flat = this.group.gatherAll(piece, this.blockKey(block)) as tf.Tensor1D;
    return block.places.map(({ from, size, shape }) =>
      tf.reshape(tf.slice(flat, from, size), shape)
    );
  }

  private reduced(gradients: tf.Tensor[], block: Block): tf.Tensor {
    const { pieceSize } = block;
    const parts = gradients.map((g) => tf.reshape(toFp32(g), [-1]));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const padding = pieceSize * this.world - size;
    const flat = tf.concat(padding > 0 ? [...parts, tf.zeros([padding])] : parts);
    const sum = this.group.reduceAll(flat, this.blockKey(block, true)) as tf.Tensor1D;
    // A slice is a view that keeps the whole sum in memory.
    const own = op("DeepCopy", [attr.type("T", DataType.float32)], [
      tf.slice(sum, this.rank * pieceSize, pieceSize),
    ]);
    this.summed.push(tf.keep(own.clone()));
    if (this.summed.length > 2) this.summed.shift()!.dispose();
    return own;
  }

  /** Another key each time that a block is gathered, or its gradient reduced, in one function. */
  private blockKey({ name }: Block, gradient = false): number {
    const places = 2 * this.blocks.size;
    return this.nextKey(2 * [...this.blocks.keys()].indexOf(name) + Number(gradient), places);
  }

  private scalarKey(): number {
    return this.nextKey(SCALARS, 1);
  }

  private nextKey(first: number, step: number): number {
    const times = this.asked.get(first) ?? 0;
    this.asked.set(first, times + 1);
    return this.firstKey + first + times * step;
  }
}
