/**
 * Where a dataset folder keeps its splits, in the ways that Python's `datasets` reads too: named by the card's
 * default config, or by file names that begin with the split's.
 *
 * @module
 */
import { join, relative } from "node:path";
import { parse } from "yaml";
import { InputError } from "@/lib/errors.ts";

export type Split = "train" | "test";

/** Files of each split, relative to the folder; a split without files is missing. */
export type SplitFiles = Partial<Record<Split, string[]>>;

interface CardConfig {
  config_name?: string;
  default?: boolean;
  data_files?: { split?: string; path?: string | string[] }[];
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
 * @throws InputError when the folder holds none
 */
export async function splitFiles(folder: string): Promise<SplitFiles> {
  const all = (await filesUnder(folder)).map((path) => relative(folder, path)).sort();
  const configs = (await readCard(folder)).configs as CardConfig[] | undefined;
  const config = configs?.find((c) => c.default) ?? configs?.[0];
  const found: SplitFiles = {};
  for (const split of ["train", "test"] as const) {
    const named = config?.data_files?.find((files) => files.split === split)?.path;
    const files = named !== undefined
      ? all.filter((name) => [named].flat().some((pattern) => globMatches(pattern, name)))
      : config?.data_files
      ? []
      : all.filter((name) => new RegExp(`(^|/)${split}\\b[^/]*\\.(parquet|jsonl)$`).test(name));
    if (files.length > 0) found[split] = files;
  }
  if (!found.train && !found.test) {
    throw new InputError(
      `${folder} holds no dataset: expected data/train-*.parquet, or train.jsonl, or a README.md that names data_files.`,
    );
  }
  return found;
}

async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && !entry.name.startsWith(".")) files.push(...await filesUnder(path));
    else if (entry.isFile) files.push(path);
  }
  return files;
}

/** `*` stands for anything but a slash. */
function globMatches(pattern: string, name: string): boolean {
  const source = pattern.split("*").map((s) => s.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")).join(
    "[^/]*",
  );
  return new RegExp(`^${source}$`).test(name);
}
