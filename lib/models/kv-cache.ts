/**
 * Keys and values of the tokens that a model has seen, so that each new token costs one row.
 *
 * Every sequence has a row of slots of its own; slot n holds token n. The caches are written in place.
 * Suffixes: R sequences, L slots, P length of the longest prompt; the rest as in kernels.ts.
 *
 * @module
 */
import { attr, dtypeOf, jit, op, tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type Attend, decode, embedTokens, lastNorm } from "@/lib/models/decoder.ts";
import { type RopeTables, ropeTables, rotatedHeads } from "@/lib/models/heads.ts";
import { attentionWeights, blockAttention, chunksOf } from "@/lib/models/attention.ts";
import { batchMatMul, project } from "@/lib/models/kernels.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import { headWeight, type Weights } from "@/lib/models/weights.ts";

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
    const mask = new Float32Array(n * P * P).fill(HIDDEN), last = new Int32Array(n);
    const slots = new Int32Array(n * G * P);
    prompts.forEach((prompt, s) => {
      ids.set(prompt, s * P);
      last[s] = s * P + prompt.length - 1;
      for (let i = 0; i < P; i++) {
        positions[s * P + i] = i;
        mask.fill(0, (s * P + i) * P, (s * P + i) * P + i + 1);
        // Padding is written too; the tokens that follow the prompt take its place.
        for (let g = 0; g < G; g++) {
          slots[(s * G + g) * P + i] = (rows[s] * G + g) * L + Math.min(i, L - 1);
        }
      }
    });
    return await this.run((cache) =>
      this.prefill.async(this.weights, cache, {
        ids: tf.tensor1d(ids, "int32"),
        tables: ropeTables(positions, this.config),
        mask: tf.tensor(mask, [n, 1, 1, P, P]),
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
    const mask = new Float32Array(R * L).fill(HIDDEN), slots = new Int32Array(R * G);
    lengths.forEach((length, row) => {
      mask.fill(0, row * L, row * L + length + 1);
      for (let g = 0; g < G; g++) slots[row * G + g] = (row * G + g) * L + length;
    });
    return await this.run((cache) =>
      this.step.async(this.weights, cache, {
        ids: tf.tensor1d(tokens, "int32"),
        tables: ropeTables(lengths, this.config),
        mask: tf.tensor(mask, [R, 1, 1, 1, L]),
        slots: tf.tensor1d(slots, "int32"),
        temperatures: tf.tensor2d(temperatures, [R, 1]),
      })
    );
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

interface StepInput {
  ids: tf.Tensor;
  tables: RopeTables;
  mask: tf.Tensor;
  slots: tf.Tensor;
  temperatures: tf.Tensor;
}

/** Writes `values` into the rows `at` of `cache`, in place. */
function write(cache: tf.Tensor, at: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return op("InplaceUpdate", [attr.type("T", dtypeOf(cache))], [cache, at, values]);
}

function choose(
  h_RC: tf.Tensor,
  weights: Weights,
  temperatures: tf.Tensor,
  precision: Precision,
): NextTokens {
  const logits_RV = project(h_RC, headWeight(weights), precision);
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
      const [q_RHK, k_RGK, v_RGK] = rotatedHeads(qkv_RA, input.tables, config, precision);
      const k = write(cache[layer].k, input.slots, tf.reshape(k_RGK, [R * G, K]));
      const v = write(cache[layer].v, input.slots, tf.reshape(v_RGK, [R * G, K]));
      updated.push({ k, v });
      const rows = (t: tf.Tensor) => tf.reshape(t, [R, G, L, K]);
      const p = attentionWeights(
        tf.reshape(q_RHK, [R, G, H / G, K]),
        rows(k),
        input.mask,
        precision,
      );
      const mixed = batchMatMul(p, rows(v), false, false);
      return tf.reshape(mixed, [R, H * K]);
    };
    const rows_RC = embedTokens(weights, input.ids);
    const h_RC = lastNorm(
      config,
      weights,
      decode(config, weights, rows_RC, attend, precision),
      precision,
    );
    return { next: choose(h_RC, weights, input.temperatures, precision), cache: updated };
  }, { name: "decode_step" });
}

function makePrefill(config: DecoderConfig, precision: Precision) {
  const { num_key_value_heads: G, head_dim: K } = config;
  return jit((weights: Weights, cache: LayerCache[], input: StepInput & { last: tf.Tensor }) => {
    const n = input.mask.shape[0], P = input.mask.shape[3]!;
    const updated: LayerCache[] = [];
    const bySlot = (x: tf.Tensor) =>
      tf.reshape(tf.transpose(tf.reshape(x, [n, P, G, K]), [0, 2, 1, 3]), [n * G * P, K]);
    const masks = chunksOf(P).map(({ from, to }) =>
      tf.slice(input.mask, [0, 0, 0, from, 0], [n, 1, 1, to - from, to])
    );
    const groups = [{ B: n, S: P, tables: input.tables, masks }];
    const attend: Attend = (layer, qkv_NA) => {
      const [, k_NGK, v_NGK] = rotatedHeads(qkv_NA, input.tables, config, precision);
      updated.push({
        k: write(cache[layer].k, input.slots, bySlot(k_NGK)),
        v: write(cache[layer].v, input.slots, bySlot(v_NGK)),
      });
      return blockAttention(qkv_NA, groups, config, precision);
    };
    const rows_NC = embedTokens(weights, input.ids);
    const x_NC = decode(config, weights, rows_NC, attend, precision);
    const x_RC = tf.gather(x_NC, input.last as tf.Tensor1D);
    const h_RC = lastNorm(config, weights, x_RC, precision);
    return { next: choose(h_RC, weights, input.temperatures, precision), cache: updated };
  }, { name: "prefill" });
}
