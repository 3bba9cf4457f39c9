/**
 * Models as Hugging Face stores them: config.json, tokenizer files, and safetensors in one file or in shards.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import { filesDigest } from "@/lib/models/digest.ts";
import { familyOf } from "@/lib/models/families/mod.ts";
import { fromHfConfig } from "@/lib/models/hf-config.ts";
import { pickledFolderRefusal } from "@/lib/models/pickle.ts";
import { openSafetensors, type SafetensorsFile } from "@/lib/models/safetensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { storedTensors } from "@/lib/models/stored-tensors.ts";
import { checkShape, checkVocabulary, known } from "@/lib/models/tensor-checks.ts";
import { createTokenizer, type Tokenizer, type TokenizerJson } from "@/lib/models/tokenizer.ts";

const WEIGHTS = "model.safetensors", INDEX = "model.safetensors.index.json";

/** Tensors that old checkpoints store though they follow from the configuration. */
const DERIVED = /\.rotary_emb\.inv_freq$/;

/**
 * Opens a Hugging Face folder.
 *
 * @param name what the user called it
 * @throws InputError when a file or a shard is missing or damaged, tensors do not fit the configuration, or the
 *   weights are pickled
 */
export function openHfFolder(name: string, path: string): ModelSource {
  const weightFiles = findWeights(path);
  const config = fromHfConfig(readJson(join(path, "config.json")), join(path, "config.json"));
  const tokenizer = openTokenizerFolder(path, config.eos_token_id);
  checkVocabulary(path, tokenizer, config);
  const shapes = tensorShapes(config), stored = storedTensors(config);
  const open: SafetensorsFile[] = [];
  const close = () => open.forEach((file) => file.close());
  try {
    const holder = new Map<string, SafetensorsFile>();
    for (const file of weightFiles) {
      const shard = openSafetensors(file);
      open.push(shard);
      for (const tensor of shard.tensors.keys()) {
        if (holder.has(tensor)) {
          throw new InputError(
            `${path}: tensor ${tensor} is in ${holder.get(tensor)!.path} and ${file}.`,
          );
        }
        holder.set(tensor, shard);
      }
    }
    /** Names in the files by those in memory. */
    const names = new Map<string, string>();
    for (const [tensor, { name, alternatives, shape }] of stored) {
      const found = [name, ...alternatives].find((one) => holder.has(one));
      if (found === undefined) throw new InputError(`${path} has no tensor named ${name}.`);
      checkShape(`${path}: tensor ${found}`, holder.get(found)!.tensors.get(found)!.shape, shape);
      names.set(tensor, found);
    }
    const used = new Set(names.values()), derived = familyOf(config.architecture)!.files?.derived;
    // A tied output projection may be stored all the same; transformers then uses the embedding too.
    const unknown = [...holder.keys()].filter((tensor) =>
      !used.has(tensor) && !DERIVED.test(tensor) && !derived?.test(tensor) &&
      !(config.tie_word_embeddings && tensor === "lm_head.weight")
    );
    if (unknown.length > 0) {
      throw new InputError(
        `${path} has ${unknown.length} tensors that a ${config.architecture} model does not use (${
          unknown.slice(0, 3).join(", ")
        }); its outputs would be wrong without them.`,
      );
    }
    const described = ["config.json", "tokenizer.json"].map((file) => join(path, file));
    return {
      name,
      path,
      format: "safetensors",
      digest: filesDigest([...weightFiles, ...described]),
      config,
      tokenizer,
      tensorNames: [...shapes.keys()],
      shape: (tensor) => known(path, shapes, tensor),
      read(tensor) {
        known(path, shapes, tensor);
        const name = names.get(tensor)!;
        return Promise.resolve(stored.get(tensor)!.toMemory(holder.get(name)!.read(name)));
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The safetensors files of a folder, absolute or as the folder was given. */
function findWeights(path: string): string[] {
  if (exists(join(path, INDEX))) {
    const index = readJson(join(path, INDEX)) as { weight_map?: Record<string, string> };
    if (typeof index?.weight_map !== "object" || index.weight_map === null) {
      throw new InputError(`${join(path, INDEX)} has no weight_map.`);
    }
    const shards = [...new Set(Object.values(index.weight_map))].sort();
    for (const shard of shards) {
      if (typeof shard !== "string" || shard.includes("/") || shard.includes("\\")) {
        throw new InputError(
          `${join(path, INDEX)} names the impossible file ${JSON.stringify(shard)}.`,
        );
      }
      if (!exists(join(path, shard))) {
        throw new InputError(
          `${path} lacks the shard ${shard}, one of ${shards.length} that ${INDEX} names; fetch it again.`,
        );
      }
    }
    return shards.map((shard) => join(path, shard));
  }
  if (exists(join(path, WEIGHTS))) return [join(path, WEIGHTS)];
  const pickle = [...Deno.readDirSync(path)].find((entry) =>
    /^pytorch_model.*\.bin$/.test(entry.name)
  );
  if (pickle) throw pickledFolderRefusal(path, pickle.name);
  throw new InputError(
    `${path} holds no model: ${WEIGHTS} (or ${INDEX} with its shards) is missing.`,
  );
}

/**
 * The tokenizer of a Hugging Face folder.
 *
 * @param eosId used when tokenizer_config.json names no EOS token
 */
function openTokenizerFolder(path: string, eosId: number): Tokenizer {
  const file = join(path, "tokenizer.json");
  if (!exists(file)) {
    throw new InputError(
      `${path} has no tokenizer.json; save the tokenizer of the model there with transformers' save_pretrained.`,
    );
  }
  const json = readJson(file) as TokenizerJson;
  if (!Array.isArray(json?.added_tokens) || typeof json.model?.vocab !== "object") {
    throw new InputError(`${file} is not a tokenizer: added_tokens or model.vocab is missing.`);
  }
  const configFile = join(path, "tokenizer_config.json");
  const tokenizerConfig = exists(configFile) ? readJson(configFile) as Record<string, unknown> : {};
  if (tokenizerConfig.eos_token == null) {
    tokenizerConfig.eos_token = json.added_tokens.find((token) => token.id === eosId)?.content ??
      Object.entries(json.model.vocab).find(([, id]) => id === eosId)?.[0];
  }
  const templateFile = join(path, "chat_template.jinja");
  const chatTemplate = exists(templateFile)
    ? Deno.readTextFileSync(templateFile)
    : tokenizerConfig.chat_template;
  return createTokenizer({
    tokenizerJson: json,
    tokenizerConfig,
    chatTemplate: typeof chatTemplate === "string" ? chatTemplate : undefined,
    where: path,
  });
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${file} is not JSON: ${(error as Error).message}.`);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
