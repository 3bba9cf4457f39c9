/**
 * A file of lines that is written once, in order, and read anywhere.
 *
 * @module
 */

/** So many characters wait in memory to be written together. */
const BUFFERED = 1 << 20;

export class LineFile {
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private written = 0;

  private constructor(private readonly file: Deno.FsFile) {}

  /** A new, empty file. */
  static create(path: string): LineFile {
    return new LineFile(
      Deno.openSync(path, { create: true, read: true, write: true, truncate: true }),
    );
  }

  /** A file that is there. */
  static open(path: string): LineFile {
    return new LineFile(Deno.openSync(path));
  }

  /** Adds a line; says where it is, its end left out. */
  append(line: string): { start: number; bytes: number } {
    const encoded = new TextEncoder().encode(line + "\n");
    const start = this.written + this.waitingBytes;
    this.waiting.push(encoded);
    this.waitingBytes += encoded.length;
    if (this.waitingBytes > BUFFERED) this.flush();
    return { start, bytes: encoded.length - 1 };
  }

  /** Nothing is appended after something was read. */
  read(start: number, bytes: number): string {
    this.flush();
    const read = new Uint8Array(bytes);
    this.file.seekSync(start, Deno.SeekMode.Start);
    for (let at = 0; at < bytes;) {
      const some = this.file.readSync(read.subarray(at));
      if (some === null) throw new Error("the file is shorter than it was");
      at += some;
    }
    return new TextDecoder().decode(read);
  }

  /** Bytes of the file. */
  size(): number {
    return this.file.statSync().size;
  }

  /** Puts all that was appended on the disk. */
  sync(): void {
    this.flush();
    this.file.syncSync();
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  private flush(): void {
    for (const encoded of this.waiting.splice(0)) {
      for (let at = 0; at < encoded.length;) at += this.file.writeSync(encoded.subarray(at));
      this.written += encoded.length;
    }
    this.waitingBytes = 0;
  }
}
