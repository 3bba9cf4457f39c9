/**
 * Keys and values of the tokens that a model has seen, so that each new token costs one row.
 *
 * Every sequence has a row of slots of its own; slot n holds token n. The caches are written in place.
 * Suffixes: R sequences, L slots, P length of the longest prompt; the rest as in kernels.ts.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type {
  Decoding,
  LayerCache,
  NextTokens,
  Stepped,
  View,
  Views,
  Wanted,
} from "@/lib/models/decoding.ts";
import { isWithin, slidesWithin } from "@/lib/models/layout.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import { ropeTables } from "@/lib/models/rope.ts";
import type { Weights } from "@/lib/models/weights.ts";

const HIDDEN = -1e9;

/** Decoding with a cache for a fixed number of sequences and slots. */
export class KvCache {
  private layers: LayerCache[];

  /**
   * @param rows R, how many sequences are decoded at once
   * @param slots L, the most tokens a sequence can have
   */
  constructor(
    private readonly config: DecoderConfig,
    private readonly weights: Weights,
    private readonly decoding: Decoding,
    precision: Precision,
    readonly rows: number,
    readonly slots: number,
  ) {
    const { num_key_value_heads: G, head_dim: K, num_hidden_layers } = config;
    const empty = () => toCompute(tf.zeros([rows * G * slots, K]), precision);
    this.layers = tf.tidy(() =>
      Array.from(
        { length: num_hidden_layers },
        () => ({ k: tf.keep(empty()), v: tf.keep(empty()) }),
      )
    );
  }

  /**
   * Reads prompts into the given rows and tells the token after each.
   *
   * @param prompts token ids, each shorter than the number of slots
   * @param paddedLength P, at least the longest prompt; equal values are traced once
   */
  async read(
    prompts: number[][],
    rows: number[],
    paddedLength: number,
    temperatures: number[],
    wanted: Wanted,
  ): Promise<NextTokens> {
    const { num_key_value_heads: G } = this.config,
      P = paddedLength,
      n = prompts.length;
    const ids = new Int32Array(n * P), positions = new Int32Array(n * P);
    const last = new Int32Array(n);
    const slots = new Int32Array(n * G);
    prompts.forEach((prompt, s) => {
      ids.set(prompt, s * P);
      last[s] = s * P + prompt.length - 1;
      // Padding is written too; the tokens that follow the prompt take its place.
      for (let i = 0; i < P; i++) positions[s * P + i] = i;
      for (let g = 0; g < G; g++) slots[s * G + g] = rows[s] * G + g;
    });
    return await this.run((cache) =>
      this.decoding.prefill.async(this.weights, cache, {
        ids: tf.tensor1d(ids, "int32"),
        ...this.views(positions, P, [n, 1, 1, P, P]),
        slots: tf.tensor1d(slots, "int32"),
        last: tf.tensor1d(last, "int32"),
        capacity: this.slots,
        temperatures: tf.tensor2d(temperatures, [n, 1]),
        wanted,
      })
    );
  }

  /**
   * Adds one token to every row and tells the token after it.
   *
   * @param tokens the new token of each row
   * @param lengths how many tokens each row held before; rows that are not in use have 0
   */
  async next(
    tokens: number[],
    lengths: number[],
    temperatures: number[],
    wanted: Wanted,
  ): Promise<NextTokens> {
    const { num_key_value_heads: G } = this.config, L = this.slots, R = this.rows;
    const slots = new Int32Array(R * G);
    lengths.forEach((length, row) => {
      for (let g = 0; g < G; g++) slots[row * G + g] = (row * G + g) * L + length;
    });
    return await this.run((cache) =>
      this.decoding.step.async(this.weights, cache, {
        ids: tf.tensor1d(tokens, "int32"),
        ...this.views(lengths, L, [R, 1, 1, 1, L]),
        slots: tf.tensor1d(slots, "int32"),
        temperatures: tf.tensor2d(temperatures, [R, 1]),
        wanted,
      })
    );
  }

  /**
   * What tokens at the given positions see of their sequences' first places, one row of the mask each.
   * @param keys how many places
   */
  private views(positions: ArrayLike<number>, keys: number, shape: number[]): Views {
    const { config } = this;
    const view = (sliding: boolean): View => {
      const mask = new Float32Array(positions.length * keys).fill(HIDDEN);
      for (let row = 0; row < positions.length; row++) {
        for (let key = 0; key <= positions[row]; key++) {
          if (!sliding || isWithin(config, positions[row], key)) mask[row * keys + key] = 0;
        }
      }
      return { tables: ropeTables(positions, config, sliding), mask: tf.tensor(mask, shape) };
    };
    return {
      view: view(false),
      slidingView: slidesWithin(config, keys) ? view(true) : null,
      positions: config.differences?.learnedPositions
        ? tf.tensor1d(Int32Array.from(positions), "int32")
        : null,
    };
  }

  dispose(): void {
    this.layers.forEach(({ k, v }) => tf.dispose([k, v]));
  }

  private async run(
    call: (cache: LayerCache[]) => Promise<Stepped>,
  ): Promise<NextTokens> {
    const scope = tf.engine();
    scope.startScope();
    const pending = call(this.layers);
    // The arguments were handed over when the call began; only its results outlive the scope.
    scope.endScope();
    const { next, cache } = await pending;
    this.layers.forEach(({ k, v }) => tf.dispose([k, v]));
    this.layers = cache;
    return next;
  }
}
