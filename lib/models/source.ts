/**
 * Opening a model by the one name that every command takes.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { openGgufModel } from "@/lib/models/gguf-model.ts";
import { openHfFolder } from "@/lib/models/hf-folder.ts";
import { OLLAMA_PREFIX, ollamaBlob } from "@/lib/models/ollama-blob.ts";
import { isPickle, pickleRefusal } from "@/lib/models/pickle.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { smollm2Path } from "@/lib/setup/paths.ts";

/** An open model: what it is, and its weights one tensor at a time. */
export interface ModelSource {
  /** As it was asked for. */
  name: string;
  /** The file or folder. */
  path: string;
  format: "gguf" | "safetensors";
  /** Hex SHA-256 of the file, or over the digests of a folder's files. */
  digest: string;
  config: DecoderConfig;
  tokenizer: Tokenizer;
  /** Hugging Face names; a tied output projection is not among them. */
  tensorNames: string[];
  /** Row-major; matrices are `[out, in]`. */
  shape(name: string): number[];
  /** The values in fp32, dequantised, in Hugging Face's layout. Each call reads the file. */
  read(name: string): Promise<Float32Array>;
  close(): void;
}

/** Names that stand for a model which the set-up installs. */
const PRESETS: Record<string, () => string> = { smollm2: smollm2Path };

const WHAT_A_MODEL_IS = `a model is a preset (${
  Object.keys(PRESETS).join(", ")
}), a .gguf file, a folder with config.json, tokenizer.json and model.safetensors, or ollama:NAME`;

/**
 * Opens a model: a preset, a `.gguf` file, a Hugging Face folder, or `ollama:NAME[:TAG]`, what Ollama holds here. `…/policy.pt` means the folder `policy`
 * beside it, as in the original project's commands; a real `policy.pt` alone is refused with its conversion.
 *
 * @throws InputError when there is no such model, or the file is damaged or of a kind that is not supported
 */
export async function openModel(nameOrPath: string): Promise<ModelSource> {
  if (nameOrPath.startsWith(OLLAMA_PREFIX)) {
    return await openGgufModel(nameOrPath, ollamaBlob(nameOrPath.slice(OLLAMA_PREFIX.length)));
  }
  const path = Object.hasOwn(PRESETS, nameOrPath)
    ? PRESETS[nameOrPath]()
    : basename(nameOrPath) === "policy.pt"
    ? policyFolder(nameOrPath)
    : nameOrPath;
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw new InputError(`model ${nameOrPath} cannot be opened: ${(error as Error).message}.`);
    }
    throw new InputError(`there is no model at ${path}; ${WHAT_A_MODEL_IS}.`);
  }
  if (info.isDirectory) return openHfFolder(nameOrPath, path);
  if (path.endsWith(".gguf")) return await openGgufModel(nameOrPath, path);
  if (isPickle(path)) throw pickleRefusal(path);
  if (path.endsWith(".safetensors")) {
    throw new InputError(
      `${path} holds weights alone; name the folder it is in: ${dirname(path)}.`,
    );
  }
  throw new InputError(`${path} is not a model; ${WHAT_A_MODEL_IS}.`);
}

/** The folder that `policy.pt` stands for; the file itself where there is only that. */
function policyFolder(path: string): string {
  const folder = join(dirname(path), "policy");
  return existsSync(path) && !existsSync(folder) ? path : folder;
}
