/**
 * What a decoder-only transformer is made of, in the names of Hugging Face's config.json.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** Shape and constants of a Llama-style decoder. Sizes are counts of floats unless said otherwise. */
export interface DecoderConfig {
  architecture: "llama";
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
  rms_norm_eps: number;
  /** The output projection is the embedding table itself. */
  tie_word_embeddings: boolean;
  /** Longest sequence the model was made for, in tokens. */
  max_position_embeddings: number;
  bos_token_id?: number;
  eos_token_id: number;
}

/** Architectures that can be read, by the names that GGUF (`general.architecture`) and config.json (`model_type`) use. */
export const SUPPORTED_ARCHITECTURES = ["llama"] as const;

/** Refuses an architecture that is not in {@link SUPPORTED_ARCHITECTURES}, naming those that are. */
export function checkArchitecture(
  name: unknown,
  where: string,
): asserts name is DecoderConfig["architecture"] {
  if (!(SUPPORTED_ARCHITECTURES as readonly unknown[]).includes(name)) {
    throw new InputError(
      `${where}: the architecture ${JSON.stringify(name ?? null)} is not supported; supported: ${
        SUPPORTED_ARCHITECTURES.join(", ")
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
  if (config.head_dim % 2 !== 0) {
    throw new InputError(
      `${where}: head_dim ${config.head_dim} is odd; rotary positions need pairs.`,
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
 * Every tensor of the model and its shape, in the order in which a checkpoint stores them: Hugging Face names,
 * matrices as `[out, in]`. A tied output projection is not listed.
 */
export function tensorShapes(config: DecoderConfig): Map<string, number[]> {
  const { hidden_size: d, intermediate_size: f, head_dim } = config;
  const q = config.num_attention_heads * head_dim, kv = config.num_key_value_heads * head_dim;
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [config.vocab_size, d]]]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}.`;
    shapes.set(at + "input_layernorm.weight", [d]);
    shapes.set(at + "self_attn.q_proj.weight", [q, d]);
    shapes.set(at + "self_attn.k_proj.weight", [kv, d]);
    shapes.set(at + "self_attn.v_proj.weight", [kv, d]);
    shapes.set(at + "self_attn.o_proj.weight", [d, q]);
    shapes.set(at + "post_attention_layernorm.weight", [d]);
    shapes.set(at + "mlp.gate_proj.weight", [f, d]);
    shapes.set(at + "mlp.up_proj.weight", [f, d]);
    shapes.set(at + "mlp.down_proj.weight", [d, f]);
  }
  shapes.set("model.norm.weight", [d]);
  if (!config.tie_word_embeddings) shapes.set("lm_head.weight", [config.vocab_size, d]);
  return shapes;
}

/** The config.json that transformers reads (4.x and 5.x), for weights stored in fp32. */
export function toHfConfig(config: DecoderConfig): Record<string, unknown> {
  const { architecture, bos_token_id, ...rest } = config;
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: architecture,
    ...rest,
    ...(bos_token_id === undefined ? {} : { bos_token_id }),
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    rope_scaling: null,
    initializer_range: 0.02,
    torch_dtype: "float32",
    use_cache: true,
  };
}

/**
 * Reads a Llama config.json of transformers 4.x or 5.x.
 *
 * @param where the file, for messages
 * @throws InputError for another architecture, and for what the decoder does not compute (biases, another
 *   activation, scaled rotary positions)
 */
export function fromHfConfig(json: unknown, where: string): DecoderConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new InputError(`${where}: a JSON object with the model's sizes belongs there.`);
  }
  const hf = json as Record<string, unknown>;
  checkArchitecture(hf.model_type, where);
  const rope = (hf.rope_parameters ?? hf.rope_scaling ?? {}) as Record<string, unknown>;
  refuseUnless(where, "hidden_act", hf.hidden_act ?? "silu", "silu");
  refuseUnless(where, "attention_bias", hf.attention_bias ?? false, false);
  refuseUnless(where, "mlp_bias", hf.mlp_bias ?? false, false);
  refuseUnless(where, "rope_type", rope.rope_type ?? rope.type ?? "default", "default");
  const heads = hf.num_attention_heads as number;
  const eos = Array.isArray(hf.eos_token_id) ? hf.eos_token_id[0] : hf.eos_token_id;
  return checkConfig({
    architecture: hf.model_type,
    hidden_size: hf.hidden_size as number,
    intermediate_size: hf.intermediate_size as number,
    num_hidden_layers: hf.num_hidden_layers as number,
    num_attention_heads: heads,
    num_key_value_heads: (hf.num_key_value_heads ?? heads) as number,
    head_dim: (hf.head_dim ?? (hf.hidden_size as number) / heads) as number,
    vocab_size: hf.vocab_size as number,
    rope_theta: (hf.rope_theta ?? rope.rope_theta ?? 10000) as number,
    rms_norm_eps: (hf.rms_norm_eps ?? 1e-6) as number,
    tie_word_embeddings: hf.tie_word_embeddings === true,
    max_position_embeddings: (hf.max_position_embeddings ?? 2048) as number,
    ...(typeof hf.bos_token_id === "number" ? { bos_token_id: hf.bos_token_id } : {}),
    eos_token_id: eos as number,
  }, where);
}

function refuseUnless(where: string, key: string, value: unknown, supported: unknown): void {
  if (value !== supported) {
    throw new InputError(
      `${where}: ${key} is ${show(value)}; only ${show(supported)} is supported for llama.`,
    );
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "missing";
}
