/**
 * Opening a model by the one name that every command takes.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { isCached } from "@/lib/hub/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { openGgufModel } from "@/lib/models/gguf-model.ts";
import { openHfFolder } from "@/lib/models/hf-folder.ts";
import { fetchHubModel, type FetchOptions } from "@/lib/models/hub-model.ts";
import { hubName, meantOnHub } from "@/lib/models/hub-name.ts";
import { OLLAMA_PREFIX, ollamaBlob } from "@/lib/models/ollama-blob.ts";
import { isPickle, pickleRefusal } from "@/lib/models/pickle.ts";
import { MODEL_PRESETS, presetOf } from "@/lib/models/presets.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

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
  /** Of the Hugging Face hub: `NAMESPACE/NAME`, and the commit that was downloaded. */
  hub?: { repo: string; revision: string };
  /** Hugging Face names; a tied output projection is not among them. */
  tensorNames: string[];
  /** Row-major; matrices are `[out, in]`. */
  shape(name: string): number[];
  /** The values in fp32, dequantised, in Hugging Face's layout: a new array that is the caller's. Each call reads the file. */
  read(name: string): Promise<Float32Array>;
  close(): void;
}

const WHAT_A_MODEL_IS =
  `a model is a preset (${
    Object.keys(MODEL_PRESETS).join(", ")
  }), a .gguf file, a folder with config.json, tokenizer.json and model.safetensors, ollama:NAME, or NAMESPACE/NAME of ` +
  "the Hugging Face hub";

/**
 * Downloads a model of the Hugging Face hub, so that {@link openModel} finds it; does nothing for others.
 *
 * @throws as {@link openModel}
 */
export async function fetchModel(nameOrPath: string, options: FetchOptions): Promise<void> {
  const name = meantOnHub(nameOrPath);
  if (name) await fetchHubModel(name, options);
  else noteAmbiguity(nameOrPath, options.log);
}

/**
 * Opens a model: a preset, a `.gguf` file, a Hugging Face folder, `ollama:NAME[:TAG]`, what Ollama holds here, or
 * `NAMESPACE/NAME[@REVISION][:GGUF]` of the Hugging Face hub, which is downloaded where it is not in its cache. A path
 * that exists goes before the hub. `…/policy.pt` means the folder `policy` beside it, as in the original project's
 * commands; a real `policy.pt` alone is refused with its conversion.
 *
 * @throws InputError when there is no such model, or the file is damaged or of a kind that is not supported
 * @throws OperationError when the hub cannot be reached, or a download fails
 */
export async function openModel(nameOrPath: string): Promise<ModelSource> {
  if (nameOrPath.startsWith(OLLAMA_PREFIX)) {
    return await openGgufModel(nameOrPath, ollamaBlob(nameOrPath.slice(OLLAMA_PREFIX.length)));
  }
  const name = meantOnHub(nameOrPath);
  if (name) {
    const { path, revision } = await fetchHubModel(name, {});
    return Object.assign(await openPath(nameOrPath, path), { hub: { repo: name.repo, revision } });
  }
  const installed = presetOf(nameOrPath)?.installed;
  const path = installed
    ? installed()
    : basename(nameOrPath) === "policy.pt"
    ? policyFolder(nameOrPath)
    : nameOrPath;
  return await openPath(nameOrPath, path);
}

/** Opens what is at a path. */
async function openPath(nameOrPath: string, path: string): Promise<ModelSource> {
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

/** Says when a path hides a model of the hub that was downloaded before. */
function noteAmbiguity(nameOrPath: string, log?: (line: string) => void): void {
  const name = presetOf(nameOrPath) ? undefined : hubName(nameOrPath);
  if (!name || !isCached({ type: "model", name: name.repo })) return;
  log?.(`${nameOrPath} is the one on this machine; say hf.co/${nameOrPath} for the hub's`);
}

/** The folder that `policy.pt` stands for; the file itself where there is only that. */
function policyFolder(path: string): string {
  const folder = join(dirname(path), "policy");
  return existsSync(path) && !existsSync(folder) ? path : folder;
}
