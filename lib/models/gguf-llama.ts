/**
 * Llama as llama.cpp stores it in GGUF, translated to Hugging Face's: names, configuration, and the order of
 * the rows of Q and K.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { checkArchitecture, checkConfig, type DecoderConfig } from "@/lib/models/config.ts";
import type { GgufFile } from "@/lib/models/gguf.ts";

const TOP_LEVEL: Record<string, string> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

const IN_LAYER: Record<string, string> = {
  "input_layernorm": "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "post_attention_layernorm": "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** The GGUF name of a Hugging Face tensor: `model.layers.0.self_attn.q_proj.weight` → `blk.0.attn_q.weight`. */
export function ggufName(hfName: string): string {
  const inLayer = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(hfName);
  return inLayer ? `blk.${inLayer[1]}.${IN_LAYER[inLayer[2]]}.weight` : TOP_LEVEL[hfName];
}

/**
 * The configuration that a GGUF file describes.
 *
 * @throws InputError for another architecture, a missing or impossible value, or scaled rotary positions
 */
export function ggufConfig(file: GgufFile): DecoderConfig {
  const { path, metadata } = file;
  const architecture = metadata["general.architecture"];
  checkArchitecture(architecture, path);
  const number = (key: string, otherwise?: number): number => {
    const value = metadata[key];
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    if (value === undefined && otherwise !== undefined) return otherwise;
    throw new InputError(
      `${path}: the metadata key ${key} is ${
        value === undefined ? "missing" : `${JSON.stringify(value)}, not a number`
      }.`,
    );
  };
  const at = (key: string) => `${architecture}.${key}`;
  const scaling = metadata[at("rope.scaling.type")];
  if ((scaling !== undefined && scaling !== "none") || file.tensors.has("rope_freqs.weight")) {
    throw new InputError(
      `${path}: rotary positions with scaling (${scaling ?? "rope_freqs"}) are not supported.`,
    );
  }
  const embedding = file.tensors.get("token_embd.weight");
  if (!embedding) throw new InputError(`${path} has no tensor named token_embd.weight.`);
  const heads = number(at("attention.head_count"));
  const hidden = number(at("embedding_length"));
  const head_dim = number(at("attention.key_length"), hidden / heads);
  if (number(at("rope.dimension_count"), head_dim) !== head_dim) {
    throw new InputError(`${path}: rotary positions on a part of each head are not supported.`);
  }
  const bos = metadata["tokenizer.ggml.bos_token_id"];
  return checkConfig({
    architecture,
    hidden_size: hidden,
    intermediate_size: number(at("feed_forward_length")),
    num_hidden_layers: number(at("block_count")),
    num_attention_heads: heads,
    num_key_value_heads: number(at("attention.head_count_kv"), heads),
    head_dim,
    vocab_size: embedding.shape[0],
    rope_theta: decimal(number(at("rope.freq_base"), 10000)),
    rms_norm_eps: decimal(number(at("attention.layer_norm_rms_epsilon"))),
    tie_word_embeddings: !file.tensors.has("output.weight"),
    max_position_embeddings: number(at("context_length")),
    ...(typeof bos === "number" ? { bos_token_id: bos } : {}),
    eos_token_id: number("tokenizer.ggml.eos_token_id"),
  }, path);
}

/** The decimal that was rounded to fp32 when the file was written: 0.000009999999747378752 → 0.00001. */
function decimal(value: number): number {
  return Number(value.toPrecision(7));
}

/** Heads whose rows llama.cpp reordered in this tensor; 0 when the rows are as in Hugging Face. */
export function permutedHeads(hfName: string, config: DecoderConfig): number {
  if (hfName.endsWith(".self_attn.q_proj.weight")) return config.num_attention_heads;
  if (hfName.endsWith(".self_attn.k_proj.weight")) return config.num_key_value_heads;
  return 0;
}

/**
 * Undoes llama.cpp's order of the rows of Q and K. Its rotary kernel pairs neighbouring rows (0,1), (2,3), …
 * of a head; Hugging Face pairs row j with row j + head_dim/2.
 *
 * @param rows `[heads · head_dim, width]`, row-major
 */
export function unpermuteRows(rows: Float32Array, heads: number, head_dim: number): Float32Array {
  const width = rows.length / (heads * head_dim), half = head_dim / 2;
  const out = new Float32Array(rows.length);
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < half; j++) {
      for (let side = 0; side < 2; side++) {
        const from = (head * head_dim + 2 * j + side) * width;
        out.set(rows.subarray(from, from + width), (head * head_dim + side * half + j) * width);
      }
    }
  }
  return out;
}

/**
 * Puts the rows of Q and K into llama.cpp's order: undoes {@link unpermuteRows}.
 *
 * @param rows `[heads · head_dim, width]`, row-major
 */
export function permuteRows(rows: Float32Array, heads: number, head_dim: number): Float32Array {
  const width = rows.length / (heads * head_dim), half = head_dim / 2;
  const out = new Float32Array(rows.length);
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < half; j++) {
      for (let side = 0; side < 2; side++) {
        const from = (head * head_dim + side * half + j) * width;
        out.set(rows.subarray(from, from + width), (head * head_dim + 2 * j + side) * width);
      }
    }
  }
  return out;
}
