/**
 * SHA-256 of model files. A digest is kept under `.cache` with the file's size, time and inode, so that a large
 * file is read once and not at every start.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { openReader, readChunks } from "@/lib/models/file-reader.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

interface Known {
  size: number;
  mtime: number;
  inode: number;
  sha256: string;
}

const CACHE_FOLDER = join(PROJECT_ROOT, ".cache");

/** Smaller files are quicker to read than to look up. */
const WORTH_KEEPING = 16 * 1024 * 1024;

/**
 * Hex SHA-256 of a file.
 *
 * @param cacheFolder where `digests.json` lives
 * @throws InputError when the file cannot be read
 */
export function fileDigest(path: string, cacheFolder: string = CACHE_FOLDER): string {
  const key = resolve(path);
  const reader = openReader(key);
  try {
    const info = Deno.statSync(key);
    const now = {
      size: info.size,
      mtime: info.mtime?.getTime() ?? 0,
      inode: Number(info.ino ?? 0),
    };
    const cacheFile = join(cacheFolder, "digests.json");
    const large = now.size >= WORTH_KEEPING;
    const known = large ? readCache(cacheFile)[key] : undefined;
    if (
      known && known.size === now.size && known.mtime === now.mtime && known.inode === now.inode
    ) return known.sha256;
    const hash = createHash("sha256");
    readChunks(reader, 0, now.size, 1, (bytes) => hash.update(bytes));
    const sha256 = hash.digest("hex");
    if (large) {
      writeCache(cacheFolder, cacheFile, { ...readCache(cacheFile), [key]: { ...now, sha256 } });
    }
    return sha256;
  } finally {
    reader.close();
  }
}

/**
 * One digest for several files: SHA-256 over a line `<sha256>  <file name>` for each, sorted by name, as
 * `sha256sum` prints them.
 */
export function filesDigest(paths: readonly string[], cacheFolder: string = CACHE_FOLDER): string {
  const lines = [...paths].sort().map((path) =>
    `${fileDigest(path, cacheFolder)}  ${basename(path)}\n`
  );
  return createHash("sha256").update(lines.join("")).digest("hex");
}

function readCache(file: string): Record<string, Known> {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch {
    return {};
  }
}

/** A cache that cannot be written costs time at the next start, nothing else. */
function writeCache(folder: string, file: string, cache: Record<string, Known>): void {
  const partial = `${file}.${Deno.pid}`;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(partial, JSON.stringify(cache, null, 1));
    Deno.renameSync(partial, file);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotFound)) {
      throw error;
    }
  }
}
