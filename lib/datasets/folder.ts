/**
 * Where a dataset folder keeps its splits, in the ways that Python's `datasets` reads too: named by the card's
 * default config, or by file names that begin with the split's.
 *
 * @module
 */
import { join, relative } from "node:path";
import { parse } from "yaml";
import { DATA_FILE } from "@/lib/datasets/row-files.ts";
import { InputError } from "@/lib/errors.ts";

export type Split = "train" | "test";

/** Files of each split, relative to the folder; a split without files is missing. */
export type SplitFiles = Partial<Record<Split, string[]>>;

/** What is asked of a folder. */
export interface FolderOptions {
  /** Name of a config of the card; its default one when not given. */
  config?: string;
  /** What the dataset calls the splits, where it is not train and test. */
  splits?: Partial<Record<Split, string>>;
}

interface CardConfig {
  config_name?: string;
  default?: boolean;
  data_dir?: string;
  /** Files of all splits where it names no splits. */
  data_files?: string | (string | { split?: string; path?: string | string[] })[];
}

/** The YAML at the beginning of a dataset card; empty when there is no card or no YAML in it. */
export async function readCard(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, "README.md");
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  const front = text.match(/^---\r?\n([\s\S]*?)\r?\n---(\r?\n|$)/);
  if (!front) return {};
  try {
    return (parse(front[1]) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new InputError(
      `The YAML at the beginning of ${path} is broken: ${(error as Error).message.split("\n")[0]}`,
    );
  }
}

/**
 * Finds the files of the splits of a dataset folder.
 * @throws InputError as {@link filesOfSplits}
 */
export async function splitFiles(folder: string, options: FolderOptions = {}): Promise<SplitFiles> {
  const all = (await filesUnder(folder)).map((path) => relative(folder, path));
  return filesOfSplits(folder, all, await readCard(folder), options);
}

/**
 * Which of a dataset's files hold which split. Where neither card nor names tell of splits, all data files are
 * the training split, as in Python's `datasets`.
 *
 * @param folder for messages
 * @throws InputError when it holds none, or has no config or split of a name that was asked for
 */
export function filesOfSplits(
  folder: string,
  files: readonly string[],
  card: Record<string, unknown>,
  { config: name, splits = {} }: FolderOptions,
): SplitFiles {
  const all = files.toSorted(), config = chosenConfig(folder, card.configs, name);
  const data = all.filter((file) =>
    DATA_FILE.test(file) && file.startsWith(config?.data_dir ? `${config.data_dir}/` : "")
  );
  const found: SplitFiles = {};
  for (const split of ["train", "test"] as const) {
    const files = filesOf(splits[split] ?? split, config, all, data);
    if (files.length > 0) found[split] = files;
    else if (splits[split]) {
      throw new InputError(`${folder} has no files of a split ${splits[split]}.`);
    }
  }
  if (!found.train && !found.test && !config?.data_files && data.length > 0) found.train = data;
  if (!found.train && !found.test) {
    throw new InputError(
      `${folder} holds no dataset: expected data/train-*.parquet, or train.jsonl, or a README.md that names data_files.`,
    );
  }
  return found;
}

function chosenConfig(folder: string, configs: unknown, name?: string): CardConfig | undefined {
  const list = Array.isArray(configs) ? configs as CardConfig[] : [];
  if (name === undefined) return list.find((c) => c.default) ?? list[0];
  const named = list.find((c) => c.config_name === name);
  if (named) return named;
  throw new InputError(
    `${folder} has no config ${name}; its card names ${
      list.map((c) => c.config_name).join(", ") || "none"
    }.`,
  );
}

function filesOf(
  split: string,
  config: CardConfig | undefined,
  all: string[],
  data: string[],
): string[] {
  if (config?.data_files) {
    const patterns = [config.data_files].flat().flatMap((entry) =>
      typeof entry === "string"
        ? split === "train" ? [entry] : []
        : entry.split === split
        ? [entry.path ?? []].flat()
        : []
    );
    return all.filter((file) => patterns.some((pattern) => globMatches(pattern, file)));
  }
  const name = split.replace(/[\\^$.|?+()[\]{}*]/g, "\\$&");
  const named = data.filter((file) => new RegExp(`(^|/)${name}\\b[^/]*$`).test(file));
  return named.length > 0
    ? named
    : data.filter((file) => file.split("/").slice(0, -1).includes(split));
}

async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    // In the hub's cache files are links.
    const { isDirectory } = entry.isSymlink ? await Deno.stat(path) : entry;
    if (isDirectory) files.push(...await filesUnder(path));
    else files.push(path);
  }
  return files;
}

/** `*` stands for anything but a slash, `**` for anything. */
function globMatches(pattern: string, name: string): boolean {
  const source = pattern.split(/(\*\*\/?|\*)/).map((piece) =>
    piece === "*"
      ? "[^/]*"
      : piece.startsWith("**")
      ? ".*"
      : piece.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")
  ).join("");
  return new RegExp(`^${source}$`).test(name);
}
