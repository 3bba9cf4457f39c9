/**
 * Writing a model as a GGUF file, which llama.cpp and Ollama run.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import type { Policy } from "@/lib/models/export.ts";
import {
  GGML_ENCODINGS,
  type GgmlEncoding,
  type GgmlEncodingName,
} from "@/lib/models/ggml-encode.ts";
import { ggufName, permutedHeads, permuteRows } from "@/lib/models/gguf-llama.ts";
import { createGguf, float, type GgufValue, text, uint } from "@/lib/models/gguf-writer.ts";
import { tokenizerMetadata } from "@/lib/models/tokenizer-to-gguf.ts";

/** What a GGUF file says beside the model. */
export interface GgufOptions {
  /** Format of the matrices; norms are F32 always. */
  type: GgmlEncodingName;
  /** `general.name`. */
  name: string;
  /** `general.license`, an SPDX name in lower case. */
  license?: string;
}

/** What {@link saveGguf} did beside what was asked. */
export interface GgufSaved {
  /** Matrices that were written as F16, because their rows are not whole blocks of the format. */
  fallbacks: string[];
}

/** The keys of a configuration that are written below, and those that say nothing beyond them. */
const WRITTEN = new Set<string>([
  "architecture",
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "vocab_size",
  "rope_theta",
  "rms_norm_eps",
  "tie_word_embeddings",
  "max_position_embeddings",
  "bos_token_id",
  "eos_token_id",
]);

/**
 * Saves a model to the file `path`, one tensor in memory at a time. Rows of Q and K are put into llama.cpp's order;
 * a tied output projection is stored once, as the embedding.
 *
 * @throws InputError for a family or a tokenizer that is not written to GGUF yet
 * @throws Error when a tensor is missing, unknown or of another shape than the configuration says
 */
export async function saveGguf(
  path: string,
  { config, tokenizer, weights }: Policy,
  { type, name, license }: GgufOptions,
): Promise<GgufSaved> {
  checkWritable(config);
  const shapes = tensorShapes(config), fallbacks: string[] = [];
  const encodingOf = (tensor: string, shape: number[]): GgmlEncoding => {
    if (shape.length < 2) return GGML_ENCODINGS.f32;
    const wanted = GGML_ENCODINGS[type];
    if (shape.at(-1)! % wanted.blockSize === 0) return wanted;
    fallbacks.push(tensor);
    return GGML_ENCODINGS.f16;
  };
  const metadata = {
    ...modelMetadata(config),
    "general.name": text(name),
    "general.file_type": uint(GGML_ENCODINGS[type].fileType),
    "general.quantization_version": uint(2),
    ...(license === undefined ? {} : { "general.license": text(license) }),
    ...tokenizerMetadata(tokenizer, config.vocab_size),
  };
  const specs = [...shapes].map(([tensor, shape]) => ({
    name: ggufName(tensor),
    shape,
    encoding: encodingOf(tensor, shape),
  }));
  const encodings = new Map(specs.map(({ name, encoding }) => [name, encoding]));
  const writer = createGguf(path, metadata, specs);
  try {
    for await (const { name: tensor, shape, data } of weights) {
      if (config.tie_word_embeddings && tensor === "lm_head.weight") continue;
      if (shapes.has(tensor) && shapes.get(tensor)!.join() !== shape.join()) {
        throw new Error(`tensor ${tensor} has the shape [${shape}], not [${shapes.get(tensor)}]`);
      }
      if (encodings.get(ggufName(tensor)) !== GGML_ENCODINGS.f32) checkRange(tensor, data);
      const heads = permutedHeads(tensor, config);
      writer.write(ggufName(tensor), heads ? permuteRows(data, heads, config.head_dim) : data);
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
  return { fallbacks };
}

const LARGEST_HALF = 65504;

function checkRange(tensor: string, values: Float32Array): void {
  // NaN fails the comparison too.
  const beyond = values.find((value) => !(Math.abs(value) <= LARGEST_HALF));
  if (beyond !== undefined) {
    throw new InputError(
      `${tensor} holds ${beyond}, which half precision cannot; export with type=f32.`,
    );
  }
}

/** Refuses what the file would leave out: llama.cpp would compute another model from it. */
function checkWritable(config: DecoderConfig): void {
  const left = Object.entries(config).filter(([key, value]) =>
    !WRITTEN.has(key) && value !== undefined && value !== null && value !== false
  ).map(([key]) => key);
  if (config.architecture !== "llama" || left.length > 0) {
    throw new InputError(
      `a ${config.architecture} model${
        left.length > 0 ? ` with ${left.join(", ")}` : ""
      } cannot be written to GGUF yet; export with format=hf, which llama.cpp's converter takes.`,
    );
  }
}

function modelMetadata(config: DecoderConfig): Record<string, GgufValue> {
  const { head_dim, hidden_size, num_attention_heads } = config;
  return {
    "general.architecture": text("llama"),
    "llama.vocab_size": uint(config.vocab_size),
    "llama.context_length": uint(config.max_position_embeddings),
    "llama.embedding_length": uint(hidden_size),
    "llama.block_count": uint(config.num_hidden_layers),
    "llama.feed_forward_length": uint(config.intermediate_size),
    "llama.attention.head_count": uint(num_attention_heads),
    "llama.attention.head_count_kv": uint(config.num_key_value_heads),
    "llama.attention.layer_norm_rms_epsilon": float(config.rms_norm_eps),
    "llama.rope.freq_base": float(config.rope_theta),
    "llama.rope.dimension_count": uint(head_dim),
    ...(head_dim * num_attention_heads === hidden_size ? {} : {
      "llama.attention.key_length": uint(head_dim),
      "llama.attention.value_length": uint(head_dim),
    }),
  };
}
