/**
 * Writing a model as a Hugging Face folder, which transformers, vLLM and llama.cpp's converter read.
 *
 * @module
 */
import { join } from "node:path";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { hfConfigText, toHfConfig } from "@/lib/models/hf-config.ts";
import { createSafetensors } from "@/lib/models/safetensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { storedTensors } from "@/lib/models/stored-tensors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import type { OnProgress } from "@/lib/progress.ts";

/** One tensor as it is in memory. */
export interface Weight {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** A model to be saved. */
export interface Policy {
  config: DecoderConfig;
  tokenizer: Tokenizer;
  /** Every tensor of the configuration once, in any order; one of them is in memory at a time. */
  weights: AsyncIterable<Weight> | Iterable<Weight>;
}

/** An open model as what is saved: its tensors are read one at a time, when their turn comes. */
export function policyOf(
  source: ModelSource,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Policy {
  const weights = (async function* () {
    for (const [i, name] of source.tensorNames.entries()) {
      signal?.throwIfAborted();
      yield { name, shape: source.shape(name), data: await source.read(name) };
      onProgress?.(i + 1, source.tensorNames.length, name);
    }
  })();
  return { config: source.config, tokenizer: source.tokenizer, weights };
}

/**
 * Saves a model to `folder` (made if missing): config.json, generation_config.json, the tokenizer's files and
 * model.safetensors in fp32. A tied output projection is stored once, as the embedding. Every file is synced.
 * The folder as a whole is the caller's to rename into place.
 *
 * @throws Error when a tensor is missing, unknown, given twice or of another shape than the configuration says
 */
export async function savePolicy(folder: string, policy: Policy): Promise<void> {
  const { config, tokenizer } = policy;
  Deno.mkdirSync(folder, { recursive: true });
  const shapes = tensorShapes(config), stored = storedTensors(config);
  const writer = createSafetensors(
    join(folder, "model.safetensors"),
    [...stored.values()].map(({ name, shape }) => ({ name, shape, dtype: "F32" })),
  );
  try {
    for await (const { name, shape, data } of policy.weights) {
      if (config.tie_word_embeddings && name === "lm_head.weight") continue;
      if (shapes.has(name) && shapes.get(name)!.join() !== shape.join()) {
        throw new Error(`tensor ${name} has the shape [${shape}], not [${shapes.get(name)}]`);
      }
      const { name: inFile = name, toFile = (values: Float32Array) => values } = stored.get(name) ??
        {};
      const { buffer, byteOffset, byteLength } = toFile(data);
      writer.write(inFile, new Uint8Array(buffer, byteOffset, byteLength));
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
  const ids = {
    ...(config.bos_token_id === undefined ? {} : { bos_token_id: config.bos_token_id }),
    eos_token_id: config.eos_token_id,
    pad_token_id: tokenizer.padId,
  };
  const files = {
    ...tokenizer.files(),
    "config.json": hfConfigText({ ...toHfConfig(config), pad_token_id: tokenizer.padId }),
    "generation_config.json": pretty(ids),
  };
  for (const [name, text] of Object.entries(files)) writeSynced(join(folder, name), text);
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

function writeSynced(path: string, text: string): void {
  const partial = `${path}.partial`;
  const file = Deno.openSync(partial, { write: true, create: true, truncate: true });
  try {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(partial, path);
}
