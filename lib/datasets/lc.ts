/**
 * `lc`: the newest dataset that was published from the database.
 *
 * @module
 */
import { recoverFolder } from "@/lib/datasets/replace-folder.ts";
import { newestRevision } from "@/lib/datasets/revisions.ts";
import { InputError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";

/** A published dataset: its folder here, and what makes it again; or where it is on the hub, once the folder is gone. */
export type PublishedLc =
  | { path: string; digest: string; remedy: string }
  | { path?: undefined; repo: string; commit: string };

/**
 * The newest revision in `dataset_revisions`; null when nothing was published from a database there.
 *
 * @throws InputError when the folder is gone, and it was not pushed to the hub
 */
export async function publishedLc(db: string): Promise<PublishedLc | null> {
  if (!await isFile(db)) return null;
  const revision = await withStore(db, newestRevision, { create: false });
  if (!revision) return null;
  const { path, digest, repo, hub_commit } = revision;
  const remedy = `publish it with: deno task publish db=${db}`;
  if (await recoverFolder(path)) return { path, digest, remedy };
  if (repo !== null && hub_commit !== null) return { repo, commit: hub_commit };
  throw new InputError(`The published dataset is no longer at ${path}; ${remedy} out=${path}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
