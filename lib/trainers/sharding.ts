/**
 * Parameters divided among processes, "fully sharded data parallelism": Zhao et al. 2023 (arXiv 2304.11277).
 *
 * The tensors of a block (a layer; everything outside of layers) lie in one vector, of which every process keeps an
 * equal piece: of the weights, of their gradients and of the optimiser's state. A block is gathered when it is needed,
 * forward and again backward, and its gradient is summed over the processes, of which each keeps its piece.
 *
 * @module
 */
import { allGather, allReduce, customGradMany, tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { globalNorm } from "@/lib/trainers/gradients.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";

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
/** Functions with collectives of their own have so many keys each. */
const KEYS_OF_A_FUNCTION = 100_000;

/** Divides a model among `world` processes, of which this one is `rank`. */
export class Sharding implements Parallelism {
  readonly blocks: ReadonlyMap<string, Block>;
  /** Collectives are numbered layer by layer. */
  readonly alike = false;
  private key = 0;

  constructor(
    shapes: ReadonlyMap<string, number[]>,
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
  }

  /**
   * This process's piece of a block.
   * @param read a whole tensor; only those that the piece has a part of are asked for
   */
  async piece(
    { places, pieceSize }: Block,
    read: (name: string) => Promise<Float32Array> | Float32Array,
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
   * Runs the body of a traced function. Its collectives are numbered as they come, and so are every other process's,
   * whenever that traces it.
   *
   * @param number another one for each function
   */
  numbered<R>(number: number, body: () => R): R {
    this.key = 1 + number * KEYS_OF_A_FUNCTION;
    return body();
  }

  deviceOf(): null {
    return null;
  }

  place<R>(_: number, run: () => R): R {
    return run();
  }

  own(pairs: TokenizedPair[]): TokenizedPair[] {
    const share = pairs.length / this.world;
    return pairs.slice(this.rank * share, (this.rank + 1) * share);
  }

  /** Whole tensors from the pieces of one layer; gradients come back summed, as the gradient of this one's piece. */
  gather(pieces: Weights): Weights {
    const [[name, piece]] = Object.entries(pieces), block = this.blocks.get(name)!;
    const values = customGradMany((piece) => ({
      values: this.whole(piece, block),
      saved: [],
      gradients: (dy) => [() => this.reduced(dy, block)],
    }))(piece);
    return Object.fromEntries(block.places.map((place, i) => [place.name, values[i]]));
  }

  /** The same for tensors whose gradients are taken one by one, see {@link reduce}. */
  open(pieces: Weights): Weights {
    const layers = Object.entries(pieces).filter(([name]) => name !== PIECE);
    const block = this.blocks.get(PIECE)!, values = this.whole(pieces[PIECE], block);
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
    return tf.reshape(tf.sqrt(allReduce(tf.reshape(own, [1]), { key: this.key++ })), []);
  }

  /** Numbers of all processes' examples, by rank. */
  collect(values: tf.Tensor1D): tf.Tensor1D {
    return allGather(values, { key: this.key++ }) as tf.Tensor1D;
  }

  private whole(piece: tf.Tensor, { places }: Block): tf.Tensor[] {
    const flat = allGather(piece, { key: this.key++ }) as tf.Tensor1D;
    return places.map(({ from, size, shape }) => tf.reshape(tf.slice(flat, from, size), shape));
  }

  private reduced(gradients: tf.Tensor[], { pieceSize }: Block): tf.Tensor {
    const flat = tf.concat(gradients.map((g) => tf.reshape(tf.cast(g, "float32"), [-1])));
    const padding = pieceSize * this.world - flat.size;
    const sum = allReduce(tf.pad(flat, [[0, padding]]), { key: this.key++ }) as tf.Tensor1D;
    return tf.slice(sum, this.rank * pieceSize, pieceSize);
  }
}
