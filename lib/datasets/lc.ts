/**
 * `lc`: the newest dataset that was published from the database.
 *
 * @module
 */
import type { Split } from "@/lib/datasets/folder.ts";
import { type LocalRows, readLocal } from "@/lib/datasets/local.ts";
import { recoverFolder } from "@/lib/datasets/replace-folder.ts";
import { InputError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";

/**
 * Rows of one split of the newest revision in `dataset_revisions`.
 * @throws InputError when nothing was published yet, or when the folder is gone or was changed since
 */
export async function readLc(
  split: Split,
  { db = "data/codepref.duckdb" }: { db?: string },
): Promise<LocalRows & { path: string }> {
  const revision = await withStore(
    db,
    (store) =>
      store.row<{ path: string; digest: string }>(
        "SELECT path, digest FROM dataset_revisions ORDER BY created_at DESC, id DESC LIMIT 1",
      ),
    { create: false },
  );
  const remedy = `publish it with: deno task publish db=${db}`;
  if (!revision) throw new InputError(`No dataset was published from ${db} yet; ${remedy}`);
  const { path, digest } = revision;
  if (!await recoverFolder(path)) {
    throw new InputError(`The published dataset is no longer at ${path}; ${remedy} out=${path}`);
  }
  const read = await readLocal(path, split);
  if (read.digest !== digest) {
    throw new InputError(
      `The dataset at ${path} is not as it was published (its files have changed); ${remedy} out=${path}, or train on the changed files with: datasets=[${path}]`,
    );
  }
  return { ...read, path };
}
