/**
 * What a decoder-only transformer is made of: sizes, and the ways in which it differs from Llama.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** x / rms(x) · w; the same with 1 + w; or mean and variance removed, with a bias. */
export type NormKind = "rms" | "rms-plus-one" | "layer";
/** In the feed-forward block: x·σ(x); x·Φ(x); its approximation by a tangent. */
export type Activation = "silu" | "gelu" | "gelu-tanh";

/** Rotary frequencies other than θ^(−2i/d), by the names of Hugging Face's `rope_parameters`. */
export type RopeScaling =
  | { rope_type: "linear"; factor: number }
  | {
    rope_type: "llama3";
    factor: number;
    low_freq_factor: number;
    high_freq_factor: number;
    original_max_position_embeddings: number;
  }
  | {
    rope_type: "longrope";
    short_factor: number[];
    long_factor: number[];
    original_max_position_embeddings: number;
    /** Cosines and sines are multiplied by it. */
    attention_factor: number;
  };

/** How a decoder differs from Llama; what is not there is as Llama's. */
export interface Differences {
  norm?: NormKind;
  activation?: Activation;
  /** The feed-forward block has one matrix in front instead of gate and up. */
  gated?: false;
  /** Modules with a bias, as `self_attn.q_proj` in every layer, or `lm_head`. Layer norms always have one. */
  biased?: readonly string[];
  /** Modules that are one matrix instead of several: `self_attn.qkv_proj`, `mlp.gate_up_proj`. */
  joined?: readonly string[];
  /** Queries and keys of each head are normed. */
  headNorms?: true;
  /** What a block computes is normed before it is added. */
  postNorms?: true;
  /** Both blocks read the same residual stream: each through a norm of its own, or through one. */
  parallel?: "two-norms" | "one-norm";
  /** Factor of the tokens' embeddings. */
  embeddingScale?: number;
  /** A table of positions is added to the embeddings. */
  learnedPositions?: true;
  /** Numbers of each head that are rotated, the first ones; 0 for none. */
  rotaryDim?: number;
  ropeScaling?: RopeScaling;
  /** Queries are divided by its root instead of that of `head_dim`. */
  queryScalar?: number;
  /** Scores of attention, and those of tokens, are held below: cap·tanh(score/cap). */
  attentionCap?: number;
  logitCap?: number;
  /** A token sees so many, itself among them, in the layers of `slidingLayers`, or in all. */
  slidingWindow?: number;
  slidingLayers?: readonly boolean[];
  /** Base of the rotary frequencies in sliding layers, which are not scaled. */
  slidingRopeTheta?: number;
}

/** Shape and constants of a decoder, in the names of Hugging Face's config.json. Sizes are counts of floats unless said otherwise. */
export interface DecoderConfig {
  /** Its family: `model_type` of config.json. */
  architecture: string;
  /** Width of the residual stream. */
  hidden_size: number;
  /** Width inside the feed-forward block. */
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Heads of keys and values; a divisor of `num_attention_heads`. */
  num_key_value_heads: number;
  /** Width of one head. */
  head_dim: number;
  vocab_size: number;
  /** Base of the rotary position frequencies. */
  rope_theta: number;
  /** Added to what norms divide by, of any kind. */
  rms_norm_eps: number;
  /** The output projection is the embedding table itself. */
  tie_word_embeddings: boolean;
  /** Longest sequence the model was made for, in tokens. */
  max_position_embeddings: number;
  bos_token_id?: number;
  eos_token_id: number;
  differences?: Differences;
}

/** Numbers of each head that are rotated. */
export const rotaryDim = (
  { head_dim, differences }: Pick<DecoderConfig, "head_dim" | "differences">,
): number => differences?.rotaryDim ?? head_dim;

/** Whether a layer's tokens see those in a window alone. */
export const isSliding = ({ differences: d }: DecoderConfig, layer: number): boolean =>
  d?.slidingWindow !== undefined && (d.slidingLayers?.[layer] ?? true);

/** Refuses an architecture that is not among those supported, naming them. */
export function checkArchitecture(
  name: unknown,
  where: string,
  supported: readonly string[],
): asserts name is string {
  if (!(supported as readonly unknown[]).includes(name)) {
    throw new InputError(
      `${where}: the architecture ${JSON.stringify(name ?? null)} is not supported; supported: ${
        supported.join(", ")
      }.`,
    );
  }
}

/** The most a size may be: keeps products of two sizes exact and catches damaged files before any allocation. */
const LARGEST_SIZE = 2 ** 26;
/** The deepest models have some 130 layers; a damaged number of them would fill the memory with names of tensors. */
const MOST_LAYERS = 4096;

/**
 * Checks that the numbers of a configuration fit together.
 *
 * @param where the file, for the message
 * @throws InputError naming the first value that is wrong
 */
export function checkConfig(config: DecoderConfig, where: string): DecoderConfig {
  const sizes = [
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
  ] as const;
  for (const key of sizes) {
    const value = config[key], most = key === "num_hidden_layers" ? MOST_LAYERS : LARGEST_SIZE;
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new InputError(
        `${where}: ${key} is ${show(value)}; a whole number from 1 to ${most} belongs there.`,
      );
    }
  }
  for (const key of ["rope_theta", "rms_norm_eps"] as const) {
    if (!(Number.isFinite(config[key]) && config[key] > 0)) {
      throw new InputError(
        `${where}: ${key} is ${show(config[key])}; a positive number belongs there.`,
      );
    }
  }
  if (config.num_attention_heads % config.num_key_value_heads !== 0) {
    throw new InputError(
      `${where}: ${config.num_attention_heads} attention heads cannot share ${config.num_key_value_heads} key/value heads evenly.`,
    );
  }
  const rotated = rotaryDim(config);
  if (rotated % 2 !== 0) {
    throw new InputError(
      config.differences?.rotaryDim === undefined
        ? `${where}: head_dim ${config.head_dim} is odd; rotary positions need pairs.`
        : `${where}: ${rotated} numbers of each head are rotated, which is odd; rotary positions need pairs.`,
    );
  }
  if (!(rotated >= 0 && rotated <= config.head_dim)) {
    throw new InputError(
      `${where}: ${rotated} numbers of each head are to be rotated; it has ${config.head_dim}.`,
    );
  }
  for (const key of ["bos_token_id", "eos_token_id"] as const) {
    const id = config[key];
    if (id === undefined && key === "bos_token_id") continue;
    if (!Number.isInteger(id) || id! < 0 || id! >= config.vocab_size) {
      throw new InputError(
        `${where}: ${key} is ${show(id)}; it has to be a token id below ${config.vocab_size}.`,
      );
    }
  }
  return config;
}

/**
 * Every tensor of the model in memory and its shape, in the order in which a checkpoint stores them: Llama's names at
 * Hugging Face, matrices as `[out, in]`. A tied output projection is not listed. What files call them is told by
 * `stored-tensors.ts`.
 */
export function tensorShapes(config: DecoderConfig): Map<string, number[]> {
  const { hidden_size: d, intermediate_size: f, head_dim, differences = {} } = config;
  const { biased = [], joined = [], norm } = differences;
  const q = config.num_attention_heads * head_dim, kv = config.num_key_value_heads * head_dim;
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [config.vocab_size, d]]]);
  if (differences.learnedPositions) {
    shapes.set("model.embed_positions.weight", [config.max_position_embeddings, d]);
  }
  const setNorm = (name: string) => {
    shapes.set(`${name}.weight`, [d]);
    if (norm === "layer") shapes.set(`${name}.bias`, [d]);
  };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}.`;
    const setProduct = (name: string, out: number, inputs: number) => {
      shapes.set(`${at}${name}.weight`, [out, inputs]);
      if (biased.includes(name)) shapes.set(`${at}${name}.bias`, [out]);
    };
    setNorm(`${at}input_layernorm`);
    if (joined.includes("self_attn.qkv_proj")) setProduct("self_attn.qkv_proj", q + 2 * kv, d);
    else {
      setProduct("self_attn.q_proj", q, d);
      setProduct("self_attn.k_proj", kv, d);
      setProduct("self_attn.v_proj", kv, d);
    }
    if (differences.headNorms) {
      shapes.set(`${at}self_attn.q_norm.weight`, [head_dim]);
      shapes.set(`${at}self_attn.k_norm.weight`, [head_dim]);
    }
    setProduct("self_attn.o_proj", d, q);
    if (differences.postNorms) setNorm(`${at}self_attn.post_norm`);
    if (differences.parallel !== "one-norm") setNorm(`${at}post_attention_layernorm`);
    if (joined.includes("mlp.gate_up_proj")) setProduct("mlp.gate_up_proj", 2 * f, d);
    else {
      if (differences.gated !== false) setProduct("mlp.gate_proj", f, d);
      setProduct("mlp.up_proj", f, d);
    }
    setProduct("mlp.down_proj", d, f);
    if (differences.postNorms) setNorm(`${at}mlp.post_norm`);
  }
  setNorm("model.norm");
  if (!config.tie_word_embeddings) shapes.set("lm_head.weight", [config.vocab_size, d]);
  if (biased.includes("lm_head")) shapes.set("lm_head.bias", [config.vocab_size]);
  return shapes;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "missing";
}
