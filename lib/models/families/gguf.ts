/**
 * What families share of reading and writing GGUF, whose metadata are translated to and from the keys of config.json.
 *
 * @see {@link https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py} for the keys
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { SizeNames } from "@/lib/models/families/family.ts";
import type { GgufMetadata } from "@/lib/models/gguf-metadata.ts";
import { float, type GgufValue, text, uint } from "@/lib/models/gguf-writer.ts";

/** How llama.cpp stores a family. Names of tensors are the same for all (`gguf-tensors.ts`). */
export interface GgufFamily {
  /** `general.architecture`, which every key of {@link write} begins with in the file. */
  architecture: string;
  /** Of several families with one architecture: whether a file is of this one. */
  is?(gguf: GgufMetadata): boolean;
  /** The keys of config.json; what they mean is told by the family's own `read`. */
  read(gguf: GgufMetadata): Record<string, unknown>;
  write(config: DecoderConfig): Record<string, GgufValue>;
  /** Small tensors that follow from the configuration. */
  tensors?(config: DecoderConfig): Map<string, Float32Array>;
  /** llama.cpp asks for an output projection where the model's is its embedding too: the file holds the table twice. */
  ownHead?: true;
  /** Rows of queries and keys are stored so that neighbours are rotated together. */
  neighbours?: true;
  /** llama.cpp lets every token see all before it, whatever window the model has. */
  withoutWindow?: true;
}

export const HEAD = "output.weight", EMBEDDING = "token_embd.weight";

/** The norms' kind decides under which key their epsilon stands. */
const EPSILON_KEYS = {
  rms: "attention.layer_norm_rms_epsilon",
  layer: "attention.layer_norm_epsilon",
};

/** The numbers that every family has, by the family's names in config.json. */
export function readGgufSizes(
  gguf: GgufMetadata,
  { norm, names = {} }: { norm: keyof typeof EPSILON_KEYS; names?: SizeNames },
): Record<string, unknown> {
  const heads = gguf.number("attention.head_count"), hidden = gguf.number("embedding_length");
  const bos = gguf.tokenId("bos", -1);
  const sizes = {
    hidden_size: hidden,
    intermediate_size: gguf.number("feed_forward_length"),
    num_hidden_layers: gguf.number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: gguf.number("attention.head_count_kv", heads),
    head_dim: gguf.number("attention.key_length", hidden / heads),
    rms_norm_eps: gguf.number(EPSILON_KEYS[norm]),
    max_position_embeddings: gguf.number("context_length"),
    tie_word_embeddings: !gguf.hasTensor(HEAD) || gguf.sameTensor(HEAD, EMBEDDING),
    ...(bos < 0 ? {} : { bos_token_id: bos }),
    eos_token_id: gguf.tokenId("eos"),
  };
  return Object.fromEntries(
    Object.entries(sizes).map(([key, value]) => [names[key as keyof SizeNames] ?? key, value]),
  );
}

export function writeGgufSizes(config: DecoderConfig): Record<string, GgufValue> {
  const { head_dim, hidden_size, num_attention_heads, differences } = config;
  const norm = differences?.norm === "layer" ? "layer" : "rms";
  return {
    "vocab_size": uint(config.vocab_size),
    "context_length": uint(config.max_position_embeddings),
    "embedding_length": uint(hidden_size),
    "block_count": uint(config.num_hidden_layers),
    "feed_forward_length": uint(config.intermediate_size),
    "attention.head_count": uint(num_attention_heads),
    "attention.head_count_kv": uint(config.num_key_value_heads),
    [EPSILON_KEYS[norm]]: float(config.rms_norm_eps),
    ...(head_dim * num_attention_heads === hidden_size ? {} : {
      "attention.key_length": uint(head_dim),
      "attention.value_length": uint(head_dim),
    }),
  };
}

/**
 * Base and linear scaling of rotary positions on whole heads.
 *
 * @param own types of scaling that the family reads itself
 * @throws InputError for another scaling, or positions on a part of each head
 */
export function readGgufRope(
  gguf: GgufMetadata,
  { theta = 10000, own = [], part = false }: {
    theta?: number;
    own?: readonly string[];
    part?: boolean;
  } = {},
): Record<string, unknown> {
  const type = gguf.text("rope.scaling.type") ?? "linear";
  if (!["none", "linear", ...own].includes(type)) {
    throw new InputError(
      `${gguf.path}: rotary positions with scaling (${type}) are not supported for ${gguf.architecture}.`,
    );
  }
  const head = gguf.number(
    "attention.key_length",
    gguf.number("embedding_length") / gguf.number("attention.head_count"),
  );
  if (!part && gguf.number("rope.dimension_count", head) !== head) {
    throw new InputError(
      `${gguf.path}: rotary positions on a part of each head are not supported for ${gguf.architecture}.`,
    );
  }
  const factor = gguf.optional("rope.scaling.factor") ?? gguf.optional("rope.scale_linear") ?? 1;
  return {
    rope_theta: gguf.number("rope.freq_base", theta),
    ...(type === "linear" && factor !== 1 ? { rope_scaling: { rope_type: type, factor } } : {}),
  };
}

export function writeGgufRope({ rope_theta, head_dim, differences: d }: DecoderConfig) {
  const values: Record<string, GgufValue> = {
    "rope.freq_base": float(rope_theta),
    "rope.dimension_count": uint(d?.rotaryDim ?? head_dim),
  };
  if (d?.ropeScaling?.rope_type === "linear") {
    values["rope.scaling.type"] = text("linear");
    values["rope.scaling.factor"] = float(d.ropeScaling.factor);
  }
  return values;
}

/** The window, for families that have one in all layers or in a known pattern of them. */
export const readGgufWindow = (gguf: GgufMetadata): { sliding_window: number | null } => ({
  sliding_window: gguf.optional("attention.sliding_window") || null,
});

export function writeGgufWindow({ differences: d }: DecoderConfig): Record<string, GgufValue> {
  return d?.slidingWindow === undefined
    ? {}
    : { "attention.sliding_window": uint(d.slidingWindow) };
}
