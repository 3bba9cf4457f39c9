import { queueFiles } from "@/lib/store/turn.ts";

/** Takes a database, and what DuckDB keeps beside it, from all other users of the machine. */
export async function makePrivate(path: string): Promise<void> {
  for (const file of [path, `${path}.wal`, ...queueFiles(path)]) {
    try {
      await Deno.chmod(file, 0o600);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
