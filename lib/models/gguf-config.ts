/**
 * The configuration of a model in GGUF: read from metadata, and written so that the same is read again.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "@/lib/errors.ts";
import { checkArchitecture, checkConfig, type DecoderConfig } from "@/lib/models/config.ts";
import { type Family, HfConfig } from "@/lib/models/families/family.ts";
import type { GgufFamily } from "@/lib/models/families/gguf.ts";
import { FAMILIES, familyOf } from "@/lib/models/families/mod.ts";
import type { GgufFile } from "@/lib/models/gguf.ts";
import { GgufMetadata, type GgufValues } from "@/lib/models/gguf-metadata.ts";
import { ggufTensors } from "@/lib/models/gguf-tensors.ts";
import { type GgufValue, text } from "@/lib/models/gguf-writer.ts";

type StoredFamily = Family & { gguf: GgufFamily };

const STORED = FAMILIES.filter((family): family is StoredFamily => family.gguf !== undefined);

/** `general.architecture` of the files that can be read. */
const ARCHITECTURES = [...new Set(STORED.map(({ gguf }) => gguf.architecture))];

/**
 * The configuration that a GGUF file describes.
 *
 * @throws InputError for another architecture, a missing or impossible value, or what the decoder does not compute
 */
export function ggufConfig(file: GgufFile): DecoderConfig {
  const embedding = file.tensors.get("token_embd.weight");
  return readConfig({
    path: file.path,
    metadata: file.metadata,
    hasTensor: (name) => file.tensors.has(name),
    readTensor: (name) => file.read(name),
    sameTensor: (one, other) => file.same(one, other),
  }, embedding?.shape[0]);
}

function readConfig(values: GgufValues, vocab_size: number | undefined): DecoderConfig {
  const { path, metadata } = values, architecture = metadata["general.architecture"];
  checkArchitecture(architecture, path, ARCHITECTURES);
  if (vocab_size === undefined) {
    throw new InputError(`${path} has no tensor named token_embd.weight.`);
  }
  const gguf = new GgufMetadata(architecture, values);
  const candidates = STORED.filter((family) => family.gguf.architecture === architecture);
  const family = candidates.find((one) => one.gguf.is?.(gguf)) ??
    candidates.find((one) => !one.gguf.is)!;
  const hf = new HfConfig({ ...family.gguf.read(gguf), vocab_size }, path, family.name);
  return checkConfig({ architecture: family.name, ...family.read(hf) }, path);
}

/** What a model's configuration becomes in a file. */
export interface WrittenConfig {
  metadata: Record<string, GgufValue>;
  /** Small tensors, always F32. */
  tensors: Map<string, Float32Array>;
  /** Where llama.cpp computes something else, and what was done about it. */
  notes: string[];
}

/**
 * The metadata of a model.
 *
 * @throws InputError for a family that llama.cpp does not have, and for what a file cannot say: llama.cpp would compute
 *   another model from it
 */
export function writeConfig(config: DecoderConfig): WrittenConfig {
  const family = familyOf(config.architecture);
  if (!family?.gguf) {
    throw new InputError(
      `a ${config.architecture} model cannot be written to GGUF, for llama.cpp does not compute it; export with ` +
        "format=hf.",
    );
  }
  const { architecture, write, tensors: derived } = family.gguf;
  const { config: written, notes } = withinWindow(config, family.gguf);
  const metadata: Record<string, GgufValue> = { "general.architecture": text(architecture) };
  for (const [key, value] of Object.entries(write(written))) {
    metadata[`${architecture}.${key}`] = value;
  }
  const tensors = derived?.(written) ?? new Map<string, Float32Array>();
  checkSaid(written, metadata, tensors);
  return { metadata, tensors, notes };
}

/** Where llama.cpp has no window, sequences that end within it are all that it computes as the model does. */
function withinWindow(
  config: DecoderConfig,
  { withoutWindow }: GgufFamily,
): { config: DecoderConfig; notes: string[] } {
  const window = config.differences?.slidingWindow, longest = config.max_position_embeddings;
  if (!withoutWindow || window === undefined || window >= longest) return { config, notes: [] };
  return {
    config: { ...config, max_position_embeddings: window },
    notes: [
      `llama.cpp has no sliding window for ${config.architecture} models: the file's context length is the window, ` +
      `${window} tokens instead of ${longest}, up to which it computes the same.`,
    ],
  };
}

/** Reads back what is to be written. */
function checkSaid(
  config: DecoderConfig,
  metadata: Record<string, GgufValue>,
  tensors: Map<string, Float32Array>,
): void {
  const stored = new Set([...ggufTensors(config).values()].map(({ name }) => name));
  const found = readConfig({
    path: "the file",
    metadata: {
      ...Object.fromEntries(Object.entries(metadata).map(([key, { value }]) => [key, value])),
      "tokenizer.ggml.bos_token_id": config.bos_token_id,
      "tokenizer.ggml.eos_token_id": config.eos_token_id,
    },
    hasTensor: (name) => tensors.has(name) || stored.has(name),
    readTensor: (name) => tensors.get(name)!,
    // What is asked about is the output projection, which is listed only where it is not the embedding.
    sameTensor: () => false,
  }, config.vocab_size);
  const differing = [
    ...unequal({ ...config, differences: undefined }, { ...found, differences: undefined }),
    ...unequal(config.differences ?? {}, found.differences ?? {}),
  ];
  if (differing.length === 0) return;
  throw new InputError(
    `a ${config.architecture} model with ${
      differing.join(", ")
    } as here cannot be written to GGUF: the file ` +
      "cannot say so, and llama.cpp would compute another model; export with format=hf.",
  );
}

/** Keys whose values differ; numbers are as fp32 has them. */
function unequal(one: object, other: object): string[] {
  const stored = (value: unknown): unknown =>
    typeof value === "number"
      ? Math.fround(value)
      : Array.isArray(value)
      ? value.map(stored)
      : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, stored(inner)]))
      : value;
  const [a, b] = [one, other].map((values) => stored(values) as Record<string, unknown>);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => !isDeepStrictEqual(a[key], b[key]));
}
