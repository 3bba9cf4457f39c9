/**
 * Room on disks.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes that this user may still write in a folder, or where it would be made. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === folder) throw error;
    return freeBytes(parent);
  }
}

/** As in 4.3 GiB. */
export function sizeText(bytes: number): string {
  const [unit, size] =
    [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]].find(([, size]) =>
      bytes >= Number(size)
    ) ?? ["bytes", 1];
  return `${Number((bytes / Number(size)).toFixed(1))} ${unit}`;
}
