/**
 * Files that are there whole or not at all, whenever the machine stops.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";

/** Writes a text beside its place, syncs it and renames it into place. Folders are made as needed. */
export async function writeFileWhole(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.partial`);
  try {
    await Deno.writeTextFile(partial, text);
    {
      using file = await Deno.open(partial);
      await file.sync();
    }
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}
