/**
 * Reads parts of a large file without holding the whole of it.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** An open file. */
export interface FileReader {
  readonly path: string;
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** Fills `into` from `position` on. Throws InputError when the file ends before that. */
  read(into: Uint8Array, position: number): void;
  close(): void;
}

/**
 * Opens a file for reading.
 *
 * @throws InputError when it is missing, unreadable or a folder
 */
export function openReader(path: string): FileReader {
  let file: Deno.FsFile;
  let info: Deno.FileInfo;
  try {
    file = Deno.openSync(path, { read: true });
    info = file.statSync();
  } catch (error) {
    throw new InputError(`${path} cannot be opened: ${(error as Error).message}.`);
  }
  if (!info.isFile) {
    file.close();
    throw new InputError(`${path} is not a file.`);
  }
  return {
    path,
    size: info.size,
    // Seek and read happen in one turn, so readers of several tensors at once do not mix up their positions.
    read(into, position) {
      file.seekSync(position, Deno.SeekMode.Start);
      for (let done = 0; done < into.length;) {
        const count = file.readSync(into.subarray(done));
        if (count === null) {
          throw new InputError(
            `${path} ends at byte ${
              position + done
            }, before the data that its header promises; fetch it again.`,
          );
        }
        done += count;
      }
    },
    close: () => file.close(),
  };
}

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Calls `use` with successive parts of `[start, start + length)`, each a multiple of `unit` bytes (but for an
 * uneven end) and about 4 MiB, so that the memory held does not grow with the tensor. The part is valid only
 * during the call.
 */
export function readChunks(
  reader: FileReader,
  start: number,
  length: number,
  unit: number,
  use: (bytes: Uint8Array, done: number) => void,
): void {
  const step = Math.max(unit, Math.floor(CHUNK_BYTES / unit) * unit);
  const buffer = new Uint8Array(Math.min(step, length));
  for (let done = 0; done < length; done += step) {
    const part = buffer.subarray(0, Math.min(step, length - done));
    reader.read(part, start + done);
    use(part, done);
  }
}
