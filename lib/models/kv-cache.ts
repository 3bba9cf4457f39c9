/**
 * Keys and values of the tokens that a model has seen, so that each new token costs one row.
 *
 * Every sequence has a row of slots of its own; slot n holds token n. The caches are written in place.
 * Suffixes: R sequences, L slots, P length of the longest prompt; the rest as in kernels.ts.
 *
 * @module
 */
import { attr, dtypeOf, jit, op, tf } from "@/lib/tensorflow/mod.ts";
import { type DecoderConfig, isSliding } from "@/lib/models/config.ts";
import { type Attend, decode, embedTokens, lastNorm } from "@/lib/models/decoder.ts";
import { rotatedHeads } from "@/lib/models/heads.ts";
import { attentionWeights, blockAttention, chunksOf } from "@/lib/models/attention.ts";
import { batchMatMul } from "@/lib/models/kernels.ts";
import { isWithin, slidesWithin } from "@/lib/models/layout.ts";
import { vocabularyLogits } from "@/lib/models/logps.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import { type RopeTables, ropeTables } from "@/lib/models/rope.ts";
import type { Weights } from "@/lib/models/weights.ts";

/** What a step tells about the next token of each sequence. */
export interface NextTokens {
  /** The most probable token: int32 [R]. */
  best: tf.Tensor;
  /** Probabilities at each sequence's temperature: fp32 [R, V]. */
  probabilities: tf.Tensor;
  /** fp32 [R, V]. */
  logits: tf.Tensor;
}

/** One layer's keys and values, [R·G·L, K]. */
interface LayerCache {
  k: tf.Tensor;
  v: tf.Tensor;
}

const HIDDEN = -1e9;

/** Decoding with a cache for a fixed number of sequences and slots. */
export class KvCache {
  private layers: LayerCache[];
  private readonly step: ReturnType<typeof makeStep>;
  private readonly prefill: ReturnType<typeof makePrefill>;

  /**
   * @param rows R, how many sequences are decoded at once
   * @param slots L, the most tokens a sequence can have
   */
  constructor(
    private readonly config: DecoderConfig,
    private readonly weights: Weights,
    private readonly precision: Precision,
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
    this.step = makeStep(config, precision, rows, slots);
    this.prefill = makePrefill(config, precision);
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
  ): Promise<NextTokens> {
    const { num_key_value_heads: G } = this.config,
      P = paddedLength,
      L = this.slots,
      n = prompts.length;
    const ids = new Int32Array(n * P), positions = new Int32Array(n * P);
    const last = new Int32Array(n);
    const slots = new Int32Array(n * G * P);
    prompts.forEach((prompt, s) => {
      ids.set(prompt, s * P);
      last[s] = s * P + prompt.length - 1;
      for (let i = 0; i < P; i++) {
        positions[s * P + i] = i;
        // Padding is written too; the tokens that follow the prompt take its place.
        for (let g = 0; g < G; g++) {
          slots[(s * G + g) * P + i] = (rows[s] * G + g) * L + Math.min(i, L - 1);
        }
      }
    });
    return await this.run((cache) =>
      this.prefill.async(this.weights, cache, {
        ids: tf.tensor1d(ids, "int32"),
        ...this.views(positions, P, [n, 1, 1, P, P]),
        slots: tf.tensor1d(slots, "int32"),
        last: tf.tensor1d(last, "int32"),
        temperatures: tf.tensor2d(temperatures, [n, 1]),
      })
    );
  }

  /**
   * Adds one token to every row and tells the token after it.
   *
   * @param tokens the new token of each row
   * @param lengths how many tokens each row held before; rows that are not in use have 0
   */
  async next(tokens: number[], lengths: number[], temperatures: number[]): Promise<NextTokens> {
    const { num_key_value_heads: G } = this.config, L = this.slots, R = this.rows;
    const slots = new Int32Array(R * G);
    lengths.forEach((length, row) => {
      for (let g = 0; g < G; g++) slots[row * G + g] = (row * G + g) * L + length;
    });
    return await this.run((cache) =>
      this.step.async(this.weights, cache, {
        ids: tf.tensor1d(tokens, "int32"),
        ...this.views(lengths, L, [R, 1, 1, 1, L]),
        slots: tf.tensor1d(slots, "int32"),
        temperatures: tf.tensor2d(temperatures, [R, 1]),
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
    this.step.dispose();
    this.prefill.dispose();
  }

  private async run(
    call: (cache: LayerCache[]) => Promise<{ next: NextTokens; cache: LayerCache[] }>,
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

/** What a layer's tokens see, and their rotary angles. */
interface View {
  tables: RopeTables;
  mask: tf.Tensor;
}
interface Views {
  view: View;
  /** In sliding layers, where those differ. */
  slidingView: View | null;
  /** Of the tokens, where the model has a table of positions. */
  positions: tf.Tensor | null;
}
const viewOf = (config: DecoderConfig, layer: number, { view, slidingView }: Views): View =>
  slidingView && isSliding(config, layer) ? slidingView : view;

interface StepInput extends Views {
  ids: tf.Tensor;
  slots: tf.Tensor;
  temperatures: tf.Tensor;
}

/** Writes `values` into the rows `at` of `cache`, in place. */
function write(cache: tf.Tensor, at: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return op("InplaceUpdate", [attr.type("T", dtypeOf(cache))], [cache, at, values]);
}

function choose(
  config: DecoderConfig,
  h_RC: tf.Tensor,
  weights: Weights,
  temperatures: tf.Tensor,
  precision: Precision,
): NextTokens {
  const logits_RV = vocabularyLogits(config, weights, h_RC, precision);
  return {
    best: tf.cast(tf.argMax(logits_RV, -1), "int32"),
    probabilities: tf.softmax(tf.div(logits_RV, temperatures)),
    logits: logits_RV,
  };
}

function makeStep(config: DecoderConfig, precision: Precision, R: number, L: number) {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = config;
  return jit((weights: Weights, cache: LayerCache[], input: StepInput) => {
    const updated: LayerCache[] = [];
    const attend: Attend = (layer, qkv_RA) => {
      const { tables, mask } = viewOf(config, layer, input);
      const [q_RHK, k_RGK, v_RGK] = rotatedHeads(qkv_RA, tables, config, precision);
      const k = write(cache[layer].k, input.slots, tf.reshape(k_RGK, [R * G, K]));
      const v = write(cache[layer].v, input.slots, tf.reshape(v_RGK, [R * G, K]));
      updated.push({ k, v });
      const rows = (t: tf.Tensor) => tf.reshape(t, [R, G, L, K]);
      const p = attentionWeights(
        tf.reshape(q_RHK, [R, G, H / G, K]),
        rows(k),
        mask,
        precision,
        config.differences?.attentionCap,
      );
      const mixed = batchMatMul(p, rows(v), false, false);
      return tf.reshape(mixed, [R, H * K]);
    };
    const rows_RC = embedTokens(weights, input.ids);
    const h_RC = lastNorm(
      config,
      weights,
      decode(config, weights, rows_RC, attend, precision, { positions_N: input.positions }),
      precision,
    );
    return { next: choose(config, h_RC, weights, input.temperatures, precision), cache: updated };
  }, { name: "decode_step" });
}

function makePrefill(config: DecoderConfig, precision: Precision) {
  const { num_key_value_heads: G, head_dim: K } = config;
  return jit((weights: Weights, cache: LayerCache[], input: StepInput & { last: tf.Tensor }) => {
    const [n, , , P] = input.view.mask.shape as number[];
    const updated: LayerCache[] = [];
    const bySlot = (x: tf.Tensor) =>
      tf.reshape(tf.transpose(tf.reshape(x, [n, P, G, K]), [0, 2, 1, 3]), [n * G * P, K]);
    const blocks = ({ tables, mask }: View) => {
      const masks = chunksOf(P).map(({ from, to }) =>
        tf.slice(mask, [0, 0, 0, from, 0], [n, 1, 1, to - from, to])
      );
      return [{ B: n, S: P, tables, masks }];
    };
    const groups = new Map(
      [input.view, input.slidingView].flatMap((view) =>
        view ? [[view, blocks(view)] as const] : []
      ),
    );
    const attend: Attend = (layer, qkv_NA) => {
      const view = viewOf(config, layer, input);
      const [, k_NGK, v_NGK] = rotatedHeads(qkv_NA, view.tables, config, precision);
      updated.push({
        k: write(cache[layer].k, input.slots, bySlot(k_NGK)),
        v: write(cache[layer].v, input.slots, bySlot(v_NGK)),
      });
      return blockAttention(qkv_NA, groups.get(view)!, config, precision);
    };
    const rows_NC = embedTokens(weights, input.ids);
    const x_NC = decode(config, weights, rows_NC, attend, precision, {
      positions_N: input.positions,
    });
    const x_RC = tf.gather(x_NC, input.last as tf.Tensor1D);
    const h_RC = lastNorm(config, weights, x_RC, precision);
    return { next: choose(config, h_RC, weights, input.temperatures, precision), cache: updated };
  }, { name: "prefill" });
}
