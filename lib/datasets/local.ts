/**
 * Preference data in files of one's own: JSONL, Parquet, or a dataset folder.
 *
 * @module
 */
import { join } from "node:path";
import { fileDigest, filesDigest } from "@/lib/datasets/digest.ts";
import { type Split, splitFiles } from "@/lib/datasets/folder.ts";
import { jsonLines } from "@/lib/datasets/jsonl.ts";
import { inTestSplit } from "@/lib/datasets/order.ts";
import { parquetRows } from "@/lib/datasets/parquet.ts";
import { checkColumns, type PreferenceRow, preferenceRow } from "@/lib/datasets/rows.ts";
import { InputError } from "@/lib/errors.ts";

/** Rows of one split and the digest of all files of the dataset. */
export interface LocalRows {
  rows: PreferenceRow[];
  digest: string;
}

/** How a dataset without a test split is split: by hash of the prompt. */
export interface SplitOptions {
  /** Default 0.1. */
  testFraction?: number;
  /** Not the training seed, so that runs of different seeds share their held-out prompts; default 0. */
  splitSeed?: number;
}

/**
 * Rows of one split of a `.jsonl` file, a `.parquet` file or a dataset folder.
 * @throws InputError when a file is of another kind, is broken, or lacks one of `prompt, chosen, rejected`
 */
export async function readLocal(
  path: string,
  split: Split,
  options: SplitOptions = {},
): Promise<LocalRows> {
  if (!(await Deno.stat(path)).isDirectory) {
    const rows = splitByPrompt(await readFiles([path]), split, options);
    return { rows, digest: await fileDigest(path) };
  }
  const files = await splitFiles(path);
  const digest = await filesDigest(path, [files.train ?? [], files.test ?? []].flat());
  const inFolder = (names: string[]) => readFiles(names.map((name) => join(path, name)));
  if (files.train && files.test) return { rows: await inFolder(files[split]!), digest };
  const rows = splitByPrompt(await inFolder((files.train ?? files.test)!), split, options);
  return { rows, digest };
}

function splitByPrompt(
  rows: PreferenceRow[],
  split: Split,
  { testFraction = 0.1, splitSeed = 0 }: SplitOptions,
): PreferenceRow[] {
  return rows.filter(({ prompt }) =>
    inTestSplit(prompt, splitSeed, testFraction) === (split === "test")
  );
}

async function readFiles(paths: string[]): Promise<PreferenceRow[]> {
  const rows: PreferenceRow[] = [];
  for (const path of paths) {
    if (path.endsWith(".jsonl")) {
      for await (const { line, value } of jsonLines(path)) {
        rows.push(preferenceRow(value, `${path} line ${line}`));
      }
    } else if (path.endsWith(".parquet")) {
      const read = await parquetRows([path], (found) => {
        checkColumns(found, path);
        return ["prompt", "chosen", "rejected", "labeler_kind"].filter((c) => found.includes(c));
      });
      read.forEach((value, i) => rows.push(preferenceRow(value, `${path} row ${i + 1}`)));
    } else {
      throw new InputError(
        `${path} is no dataset that can be read here; give a .jsonl file, a .parquet file or a folder.`,
      );
    }
  }
  return rows;
}
