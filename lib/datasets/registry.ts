/**
 * Preference datasets by name. A new one is a file in this folder with a function that reads one split, and a
 * line in `REGISTRY`.
 *
 * @module
 */
import { resolve } from "node:path";
import type { FlatExample } from "@/lib/datasets/batches.ts";
import type { Split } from "@/lib/datasets/folder.ts";
import { readLc } from "@/lib/datasets/lc.ts";
import { type LocalRows, readLocal, type SplitOptions } from "@/lib/datasets/local.ts";
import { groupByPrompt } from "@/lib/datasets/rows.ts";
import type { TruncationMode } from "@/lib/datasets/tokenize.ts";
import type { PreferenceData } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";

/** Options of the loaders: where `lc` looks, and how a dataset without a test split is split. */
export interface LoadOptions extends SplitOptions {
  /** Database of `lc`; default data/codepref.duckdb. */
  db?: string;
}

/** Where data came from, for the run folder and the report. */
export interface DatasetSource {
  name: string;
  /** Absolute path of the file or folder. */
  path: string;
  /** SHA-256 over the dataset's data files. */
  digest: string;
  /** Preference pairs in this split. */
  pairs: number;
  /** Pairs by who preferred, where the dataset says so. */
  labelerKinds: Record<string, number>;
}

type Reader = (split: Split, options: LoadOptions) => Promise<LocalRows & { path: string }>;

const REGISTRY: Record<string, { read: Reader; truncationMode: TruncationMode }> = {
  lc: { read: readLc, truncationMode: "keep_start" },
};

/** Names that {@link loadDataset} knows beside paths. */
export const DATASET_NAMES: readonly string[] = Object.keys(REGISTRY);

/**
 * One split of a dataset: a registered name, or the path of a JSONL file, a Parquet file or a dataset folder.
 * @throws InputError when there is no such dataset, or it cannot be read
 */
export async function loadDataset(
  name: string,
  split: Split,
  options: LoadOptions = {},
): Promise<{ data: PreferenceData; truncationMode: TruncationMode; source: DatasetSource }> {
  const { read, truncationMode } = REGISTRY[name] ?? await localReader(name);
  const { rows, path, digest } = await read(split, options);
  const labelerKinds: Record<string, number> = {};
  for (const { labelerKind } of rows) {
    if (labelerKind) labelerKinds[labelerKind] = (labelerKinds[labelerKind] ?? 0) + 1;
  }
  const source = { name, path: resolve(path), digest, pairs: rows.length, labelerKinds };
  return { data: groupByPrompt(rows), truncationMode, source };
}

/** The data alone, see {@link loadDataset}. */
export async function loadPreferenceData(
  name: string,
  split: Split,
  options: LoadOptions = {},
): Promise<PreferenceData> {
  return (await loadDataset(name, split, options)).data;
}

/** One split of several datasets in one list, as `batches` takes it. */
export async function loadExamples(
  names: readonly string[],
  split: Split,
  options: LoadOptions = {},
): Promise<{ examples: FlatExample[]; sources: DatasetSource[] }> {
  if (names.length === 0) {
    throw new InputError("Name at least one dataset, for instance datasets=[lc].");
  }
  const examples: FlatExample[] = [];
  const sources: DatasetSource[] = [];
  for (const name of names) {
    const { data, truncationMode, source } = await loadDataset(name, split, options);
    for (const [prompt, entry] of data) examples.push({ prompt, ...entry, truncationMode });
    sources.push(source);
  }
  return { examples, sources };
}

async function localReader(path: string): Promise<typeof REGISTRY[string]> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `There is no dataset ${path}: it is none of the registered names (${
        DATASET_NAMES.join(", ")
      }) and no file or folder here.`,
    );
  }
  return {
    read: async (split, options) => ({ ...await readLocal(path, split, options), path }),
    truncationMode: "keep_start",
  };
}
