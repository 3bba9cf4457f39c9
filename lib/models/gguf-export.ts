/**
 * Writing a model as a GGUF file, which llama.cpp and Ollama run.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import type { Policy } from "@/lib/models/export.ts";
import {
  GGML_ENCODINGS,
  type GgmlEncoding,
  type GgmlEncodingName,
} from "@/lib/models/ggml-encode.ts";
import { EMBEDDING, HEAD } from "@/lib/models/families/gguf.ts";
import { familyOf } from "@/lib/models/families/mod.ts";
import { writeConfig } from "@/lib/models/gguf-config.ts";
import { ggufTensors } from "@/lib/models/gguf-tensors.ts";
import { createGguf, text, uint } from "@/lib/models/gguf-writer.ts";
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
  /** What llama.cpp computes in another way than the model, in sentences. */
  notes: string[];
}

/** Tables that llama.cpp's kernels read from fp32 alone. */
const ALWAYS_F32 = /^model\.embed_positions\./;

/**
 * Saves a model to the file `path`, one tensor in memory at a time, in llama.cpp's layout; a tied output projection is
 * stored once, as the embedding, but for the families where llama.cpp asks for it.
 *
 * @throws InputError for a family, a configuration or a tokenizer that GGUF or llama.cpp does not have
 * @throws Error when a tensor is missing, unknown or of another shape than the configuration says
 */
export async function saveGguf(
  path: string,
  { config, tokenizer, weights }: Policy,
  { type, name, license }: GgufOptions,
): Promise<GgufSaved> {
  const { metadata, tensors: small, notes } = writeConfig(config);
  const shapes = tensorShapes(config), stored = ggufTensors(config), fallbacks: string[] = [];
  const encodingOf = (tensor: string, shape: number[]): GgmlEncoding => {
    if (shape.length < 2 || ALWAYS_F32.test(tensor)) return GGML_ENCODINGS.f32;
    const wanted = GGML_ENCODINGS[type];
    if (shape.at(-1)! % wanted.blockSize === 0) return wanted;
    fallbacks.push(tensor);
    return GGML_ENCODINGS.f16;
  };
  const words = tokenizerMetadata(tokenizer, config.vocab_size);
  const specs = [
    ...[...small].map(([name, { length }]) => ({
      name,
      shape: [length],
      encoding: GGML_ENCODINGS.f32,
    })),
    ...[...shapes].map(([tensor, shape]) => ({
      name: stored.get(tensor)!.name,
      shape,
      encoding: encodingOf(tensor, shape),
    })),
  ];
  const tiedHead = config.tie_word_embeddings && familyOf(config.architecture)!.gguf!.ownHead;
  if (tiedHead) specs.push({ ...specs.find(({ name }) => name === EMBEDDING)!, name: HEAD });
  const encodings = new Map<string, GgmlEncoding>(specs.map((spec) => [spec.name, spec.encoding]));
  const writer = createGguf(path, {
    ...metadata,
    "general.name": text(name),
    "general.file_type": uint(GGML_ENCODINGS[type].fileType),
    "general.quantization_version": uint(2),
    ...(license === undefined ? {} : { "general.license": text(license) }),
    ...(config.bos_token_id === undefined
      ? {}
      : { "tokenizer.ggml.bos_token_id": uint(config.bos_token_id) }),
    ...words.metadata,
  }, specs);
  try {
    for (const [name, values] of small) writer.write(name, values);
    for await (const { name: tensor, shape, data } of weights) {
      if (config.tie_word_embeddings && tensor === "lm_head.weight") continue;
      if (shapes.has(tensor) && shapes.get(tensor)!.join() !== shape.join()) {
        throw new Error(`tensor ${tensor} has the shape [${shape}], not [${shapes.get(tensor)}]`);
      }
      const { name: inFile = tensor, toFile = (values: Float32Array) => values } =
        stored.get(tensor) ?? {};
      if (encodings.get(inFile) !== GGML_ENCODINGS.f32) checkRange(tensor, data);
      writer.write(inFile, toFile(data));
      if (tiedHead && inFile === EMBEDDING) writer.write(HEAD, toFile(data));
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
  return { fallbacks, notes: [...notes, ...words.notes] };
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
