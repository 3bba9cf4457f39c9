/**
 * Models of the Hugging Face hub: which of a repository's files are needed, and that they can be used before the large
 * ones are downloaded.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { answerOf, downloadSnapshot, type SnapshotOptions } from "@/lib/hub/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { fromHfConfig } from "@/lib/models/hf-config.ts";
import { type HubName, hubWords } from "@/lib/models/hub-name.ts";

export type FetchOptions = Pick<SnapshotOptions, "onProgress" | "log" | "signal" | "wait">;

/** A model of the hub on this machine. */
export interface FetchedModel {
  /** A GGUF file, or a folder in Hugging Face's layout. */
  path: string;
  /** The commit. */
  revision: string;
}

const CONFIG = "config.json", TOKENIZER = "tokenizer.json", CARD = "README.md";
const WEIGHTS = "model.safetensors", INDEX = "model.safetensors.index.json";
/** What is read where it is there: here, or by transformers, which shares the cache. */
const OPTIONAL = [
  ...[CARD, "generation_config.json", "tokenizer_config.json", "special_tokens_map.json"],
  ...["added_tokens.json", "chat_template.jinja"],
];

/**
 * Downloads what a model needs, as far as it is not in the cache.
 *
 * @throws InputError when there is no such model, or it cannot be used here; then no weights are downloaded
 * @throws OperationError as {@link downloadSnapshot}
 */
export async function fetchHubModel(name: HubName, options: FetchOptions): Promise<FetchedModel> {
  const repo = { type: "model", name: name.repo } as const;
  const chosen = await downloadSnapshot(repo, {
    ...options,
    revision: name.revision,
    select: (files) => neededFiles(name, files.map(({ path }) => path)),
  }).catch((error) => {
    throw aboutPath(error, name);
  });
  const { folder, commit: revision, files } = chosen;
  if (files.length === 1 && files[0].endsWith(".gguf")) {
    return { path: join(folder, files[0]), revision };
  }
  readConfig(folder);
  const weights = files.includes(INDEX) ? shardsOf(join(folder, INDEX)) : new Set([WEIGHTS]);
  await downloadSnapshot(repo, {
    ...options,
    revision,
    select: (files) => files.map(({ path }) => path).filter((path) => weights.has(path)),
  });
  return { path: folder, revision };
}

/** The architecture of a model, for which its config.json alone is downloaded. */
export async function fetchHubConfig(
  name: HubName,
  options: FetchOptions = {},
): Promise<DecoderConfig> {
  const { folder, files } = await downloadSnapshot({ type: "model", name: name.repo }, {
    ...options,
    revision: name.revision,
    select: (files) => files.some(({ path }) => path === CONFIG) ? [CONFIG] : [],
  }).catch((error) => {
    throw aboutPath(error, name);
  });
  if (files.length === 0) throw new InputError(`${hubWords(name)} has no ${CONFIG}.`);
  return readConfig(folder);
}

/** The text of a model's card, for which the card alone is downloaded; undefined where it has none. */
export async function fetchHubCard(name: HubName): Promise<string | undefined> {
  const { folder, files } = await downloadSnapshot({ type: "model", name: name.repo }, {
    revision: name.revision,
    select: (files) => files.some(({ path }) => path === CARD) ? [CARD] : [],
  });
  return files.length === 0 ? undefined : Deno.readTextFileSync(join(folder, CARD));
}

/** The files to begin with: a GGUF file, or all but the weights. */
function neededFiles(name: HubName, paths: readonly string[]): string[] {
  const words = hubWords(name), ggufs = paths.filter((path) => path.endsWith(".gguf"));
  if (name.gguf !== undefined) return [namedGguf(name, ggufs)];
  if (!paths.includes(WEIGHTS) && !paths.includes(INDEX)) {
    if (ggufs.length === 1) return ggufs;
    throw new InputError(withoutWeights(words, paths, ggufs));
  }
  if (!paths.includes(CONFIG)) throw new InputError(`${words} has no ${CONFIG}.`);
  if (!paths.includes(TOKENIZER)) {
    throw new InputError(
      `${words} has no ${TOKENIZER}; make a folder of it once where transformers is, and name that: python3 -c "import ` +
        "transformers as t; n, o = '" + name.repo +
        "', 'FOLDER'; t.AutoTokenizer.from_pretrained(n)" +
        '.save_pretrained(o); t.AutoModelForCausalLM.from_pretrained(n).save_pretrained(o)".',
    );
  }
  return [CONFIG, TOKENIZER, INDEX, ...OPTIONAL].filter((path) => paths.includes(path));
}

function namedGguf({ repo, gguf = "" }: HubName, paths: readonly string[]): string {
  const holding = `${repo} holds ${paths.join(", ") || "no GGUF files"}`;
  if (gguf.endsWith(".gguf")) {
    if (paths.includes(gguf)) return gguf;
    throw new InputError(`there is no ${gguf} in ${repo}; ${holding}.`);
  }
  const type = gguf.toLowerCase();
  const matching = paths.filter((path) =>
    path.toLowerCase().replace(/\.gguf$/, "").split(/[^a-z0-9_]+/).includes(type)
  );
  if (matching.length === 1) return matching[0];
  throw new InputError(
    matching.length === 0
      ? `no file of ${repo} is of type ${gguf}; ${holding}.`
      : `${repo}:${gguf} can be ${matching.join(" or ")}; name the file: ${repo}:${matching[0]}.`,
  );
}

function withoutWeights(words: string, paths: readonly string[], ggufs: readonly string[]): string {
  if (ggufs.length > 0) {
    return `${words} holds several GGUF files; name one: ${
      ggufs.slice(0, 20).map((file) => `${words}:${file}`).join(", ")
    }.`;
  }
  if (paths.includes("adapter_config.json")) {
    return `${words} holds adapters, not a model; name the base that its adapter_config.json names.`;
  }
  const pickle = paths.find((path) => /^pytorch_model.*\.bin$/.test(path));
  if (pickle) {
    return `${words} holds its weights in ${pickle}, a pickle, which runs code of its maker when loaded; have it ` +
      "converted at https://huggingface.co/spaces/safetensors/convert, which opens a pull request, and name that: " +
      `${words.replace(/@.*/, "")}@refs/pr/NUMBER.`;
  }
  return `${words} holds no model: neither ${WEIGHTS}, nor ${INDEX}, nor a GGUF file is among its files.`;
}

function shardsOf(index: string): Set<string> {
  let map: unknown;
  try {
    map = JSON.parse(Deno.readTextFileSync(index)).weight_map;
  } catch (error) {
    throw new InputError(`${index} is not JSON: ${(error as Error).message}.`);
  }
  if (typeof map !== "object" || map === null) throw new InputError(`${index} has no weight_map.`);
  return new Set(Object.values(map).map(String));
}

function readConfig(folder: string): DecoderConfig {
  const path = join(folder, CONFIG);
  let config: unknown;
  try {
    config = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    throw new InputError(`${path} is not JSON: ${(error as Error).message}.`);
  }
  return fromHfConfig(config, path);
}

/** A word that nothing is found for may have been meant as a path. */
function aboutPath(error: unknown, { explicit, repo }: HubName): unknown {
  const answer = answerOf(error);
  if (explicit || !answer || (answer.status !== 0 && answer.code !== "RepoNotFound")) return error;
  const { message } = error as Error;
  (error as Error).message = `there is no model at ${repo} on this machine, and ${message}`;
  return error;
}
