/**
 * The traced functions of decoding with a cache: reading prompts, and adding a token to each sequence.
 *
 * Suffixes: R sequences, L slots, P length of the longest prompt; the rest as in kernels.ts.
 *
 * @module
 */
import {
  attr,
  canPackProducts,
  dtypeOf,
  jit,
  type Jitted,
  op,
  packedProduct,
  tf,
} from "@/lib/tensorflow/mod.ts";
import { type DecoderConfig, isSliding } from "@/lib/models/config.ts";
import { type Attend, decode, embedTokens, lastNorm } from "@/lib/models/decoder.ts";
import { rotatedHeads } from "@/lib/models/heads.ts";
import { attentionWeights, blockAttention, chunksOf } from "@/lib/models/attention.ts";
import { batchMatMul, concat, type MatrixProduct } from "@/lib/models/kernels.ts";
import { vocabularyLogits } from "@/lib/models/logps.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import type { RopeTables } from "@/lib/models/rope.ts";
import type { Weights } from "@/lib/models/weights.ts";

/** What a step tells about the next token of each sequence. */
export interface NextTokens {
  /** The most probable token: int32 [R]. */
  best: tf.Tensor;
  /** Probabilities at each sequence's temperature, fp32 [R, V], where they were wanted. */
  probabilities: tf.Tensor | null;
  /** fp32 [R, V], where they were wanted. */
  logits: tf.Tensor | null;
}

/** What beside the most probable tokens is wanted of a step. */
export interface Wanted {
  probabilities: boolean;
  logits: boolean;
}

/** One layer's keys and values, [R·G·L, K]. */
export interface LayerCache {
  k: tf.Tensor;
  v: tf.Tensor;
}

/** What a layer's tokens see, and their rotary angles. */
export interface View {
  tables: RopeTables;
  mask: tf.Tensor;
}
export interface Views {
  view: View;
  /** In sliding layers, where those differ. */
  slidingView: View | null;
  /** Of the tokens, where the model has a table of positions. */
  positions: tf.Tensor | null;
}
const viewOf = (config: DecoderConfig, layer: number, { view, slidingView }: Views): View =>
  slidingView && isSliding(config, layer) ? slidingView : view;

export interface StepInput extends Views {
  ids: tf.Tensor;
  /** Where keys and values go: each token's slots, or each prompt's rows of so many slots. */
  slots: tf.Tensor;
  /** Divisors of the logits, fp32 [R, 1]. */
  temperatures: tf.Tensor;
  wanted: Wanted;
}

/** Prompts; `last` are the rows of their last tokens, `capacity` the slots of a sequence. */
export interface PrefillInput extends StepInput {
  last: tf.Tensor;
  capacity: number;
}

/** What a step gives: the next tokens, and the cache with what was added. */
export interface Stepped {
  next: NextTokens;
  cache: LayerCache[];
}

/**
 * The functions of one model, whose weights have to be the same in every call. Each number of sequences and slots is
 * traced once.
 */
export interface Decoding {
  /** Adds the token of each sequence. */
  step: Jitted<[Weights, LayerCache[], StepInput], Stepped>;
  /** Reads prompts. */
  prefill: Jitted<[Weights, LayerCache[], PrefillInput], Stepped>;
  dispose(): void;
}

/** Makes the functions of a model. Nothing is traced before the first call. */
export function decodingOf(config: DecoderConfig, precision: Precision): Decoding {
  const product = precision === "bf16" && canPackProducts() ? packedProduct : undefined;
  const step = makeStep(config, precision, product), prefill = makePrefill(config, precision);
  return {
    step,
    prefill,
    dispose() {
      step.dispose();
      prefill.dispose();
    },
  };
}

/** Writes `values` into the rows `at` of `cache`, in place. */
function write(cache: tf.Tensor, at: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return op("InplaceUpdate", [attr.type("T", dtypeOf(cache))], [cache, at, values]);
}

function choose(
  config: DecoderConfig,
  h_RC: tf.Tensor,
  weights: Weights,
  { temperatures, wanted }: StepInput,
  precision: Precision,
  product?: MatrixProduct,
): NextTokens {
  const logits_RV = vocabularyLogits(config, weights, h_RC, precision, product);
  return {
    best: tf.cast(tf.argMax(logits_RV, -1), "int32"),
    probabilities: wanted.probabilities ? tf.softmax(tf.div(logits_RV, temperatures)) : null,
    logits: wanted.logits ? logits_RV : null,
  };
}

/** Each trace keeps the matrices once more, as the products take them. */
const PACKED_TRACES = 2;

function makeStep(
  config: DecoderConfig,
  precision: Precision,
  product: MatrixProduct | undefined,
): Decoding["step"] {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = config;
  return jit((weights: Weights, cache: LayerCache[], input: StepInput) => {
    const [R, , , , L] = input.view.mask.shape as number[];
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
      decode(config, weights, rows_RC, attend, precision, {
        positions_N: input.positions,
        product,
      }),
      precision,
    );
    return { next: choose(config, h_RC, weights, input, precision, product), cache: updated };
  }, { name: "decode_step", ...product ? { maxTraces: PACKED_TRACES } : {} });
}

function makePrefill(config: DecoderConfig, precision: Precision): Decoding["prefill"] {
  const { num_key_value_heads: G, head_dim: K } = config;
  return jit((weights: Weights, cache: LayerCache[], input: PrefillInput) => {
    const [n, , , P] = input.view.mask.shape as number[];
    const updated: LayerCache[] = [];
    const L = input.capacity;
    // A row of the cache here is all that a head keeps of a sequence; what is behind the prompt is not seen.
    const keep = (all: tf.Tensor, x_NGK: tf.Tensor) => {
      const byHead = tf.transpose(tf.reshape(x_NGK, [n, P, G, K]), [0, 2, 1, 3]);
      const rest = P < L ? [toCompute(tf.zeros([n, G, L - P, K]), precision)] : [];
      const whole = tf.reshape(concat([byHead, ...rest], 2), [n * G, L * K]);
      return tf.reshape(write(tf.reshape(all, [-1, L * K]), input.slots, whole), all.shape);
    };
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
        k: keep(cache[layer].k, k_NGK),
        v: keep(cache[layer].v, v_NGK),
      });
      return blockAttention(qkv_NA, groups.get(view)!, config, precision);
    };
    const rows_NC = embedTokens(weights, input.ids);
    const x_NC = decode(config, weights, rows_NC, attend, precision, {
      positions_N: input.positions,
    });
    const x_RC = tf.gather(x_NC, input.last as tf.Tensor1D);
    const h_RC = lastNorm(config, weights, x_RC, precision);
    return { next: choose(config, h_RC, weights, input, precision), cache: updated };
  }, { name: "prefill" });
}
