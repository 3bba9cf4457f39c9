/**
 * Putting a finished folder in the place of another.
 *
 * A folder that is not empty cannot be replaced by one rename. So the old one is moved to `<folder>.previous`,
 * the new one takes its place, and the old one is deleted; whoever finds only `.previous`, after a kill between
 * the two renames, moves it back with {@link recoverFolder}.
 *
 * @module
 */
import { dirname, join } from "node:path";

/** Whether the folder is there, after undoing a replacement that was interrupted. */
export async function recoverFolder(folder: string): Promise<boolean> {
  if (await exists(folder)) return true;
  if (!await exists(previousOf(folder))) return false;
  await Deno.rename(previousOf(folder), folder);
  return true;
}

/**
 * Moves `finished`, a folder beside `folder`, to the name `folder`. All its files are on the disk before.
 */
export async function replaceFolder(finished: string, folder: string): Promise<void> {
  await syncTree(finished);
  if (await recoverFolder(folder)) {
    await removeFolder(previousOf(folder));
    await Deno.rename(folder, previousOf(folder));
  }
  await Deno.rename(finished, folder);
  await syncPath(dirname(folder));
  await removeFolder(previousOf(folder));
}

/** Deletes a folder with all that is in it, if it is there. */
export async function removeFolder(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

function previousOf(folder: string): string {
  return `${folder}.previous`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function syncTree(folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await syncTree(path);
    else await syncPath(path);
  }
  await syncPath(folder);
}

async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}
