/**
 * Files of JSON lines that another process is writing.
 *
 * @module
 */
import { isMissing } from "@/lib/evaluation/run-config.ts";

/** How much is read and parsed before others get their turn. */
const CHUNK_BYTES = 1 << 20;
const LINE_FEED = 10;

/** The complete lines of a file so far; each {@link update} reads what was appended since the one before, and no more. */
export class GrowingLines<Line> {
  /** Lines in the file's order. */
  lines: Line[] = [];
  /** Lines that are not JSON, which a crash may leave. */
  broken = 0;
  #offset = 0;
  #file: number | null = null;
  #versions = 0;

  constructor(readonly path: string) {}

  /** Another number whenever {@link lines} are others. */
  get version(): number {
    return this.#versions;
  }

  /** Reads on; from the beginning where the file was replaced or cut, as resuming a run does. A missing file is empty. */
  async update(): Promise<void> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(this.path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (this.#offset > 0) this.#startOver(null);
      return;
    }
    try {
      const { size, ino } = await file.stat();
      if (ino !== this.#file || size < this.#offset) this.#startOver(ino);
      await file.seek(this.#offset, Deno.SeekMode.Start);
      await this.#read(file);
    } finally {
      file.close();
    }
  }

  #startOver(file: number | null): void {
    if (this.#offset > 0) this.#versions++;
    this.lines = [];
    this.broken = 0;
    this.#offset = 0;
    this.#file = file;
  }

  async #read(file: Deno.FsFile): Promise<void> {
    // The beginning of a line whose end is not there yet.
    let rest = new Uint8Array();
    for (const buffer = new Uint8Array(CHUNK_BYTES);;) {
      const count = await file.read(buffer);
      if (count === null) return;
      const bytes = new Uint8Array(rest.length + count);
      bytes.set(rest);
      bytes.set(buffer.subarray(0, count), rest.length);
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      rest = bytes.slice(end);
      if (end === 0) continue;
      for (const text of new TextDecoder().decode(bytes.subarray(0, end)).split("\n")) {
        if (text.trim() === "") continue;
        try {
          this.lines.push(JSON.parse(text));
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          this.broken++;
        }
      }
      this.#offset += end;
      this.#versions++;
    }
  }
}

/** The complete lines within the last `bytes` of a file; none where there is no file, or a line is longer. */
export async function lastLines<Line>(path: string, bytes: number): Promise<Line[]> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - bytes);
    await file.seek(start, Deno.SeekMode.Start);
    const buffer = new Uint8Array(size - start);
    let length = 0;
    for (let count: number | null = 0; count !== null && length < buffer.length;) {
      count = await file.read(buffer.subarray(length));
      length += count ?? 0;
    }
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    return text.split("\n").slice(start > 0 ? 1 : 0, -1).flatMap((line) => {
      try {
        return [JSON.parse(line) as Line];
      } catch (error) {
        if (error instanceof SyntaxError) return [];
        throw error;
      }
    });
  } finally {
    file.close();
  }
}
