/**
 * Examples on disk: those of a dataset too large for memory, which also spares reading the dataset again.
 *
 * A file holds an example a line, and in its last line what was counted. In memory are the places of the lines alone.
 *
 * @module
 */
import { dirname } from "node:path";
import type { ExampleList, FlatExample } from "@/lib/datasets/example-list.ts";
import { LineFile } from "@/lib/datasets/line-file.ts";

/** What is known of the examples of a file together. */
export interface ExampleCounts {
  pairCount: number;
  leftOut: Record<string, number>;
  labelerKinds: Record<string, number>;
}

/** The examples of a finished file. */
export class ExampleFile implements ExampleList {
  private constructor(
    private readonly path: string,
    /** Where the lines begin, the last one included. */
    private readonly starts: Float64Array,
    readonly counts: ExampleCounts,
  ) {}

  /** Null when there is no such file, or its last line is not what is written there. */
  static async open(path: string): Promise<ExampleFile | null> {
    try {
      using file = LineFile.open(path);
      const starts = await lineStarts(path), last = starts.at(-1) ?? 0;
      const counts = JSON.parse(file.read(last, file.size() - last));
      return new ExampleFile(path, starts, counts);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  get length(): number {
    return this.starts.length - 1;
  }

  get pairCount(): number {
    return this.counts.pairCount;
  }

  at(index: number): FlatExample | undefined {
    if (index < 0 || index >= this.length) return undefined;
    using file = LineFile.open(this.path);
    return this.read(file, index);
  }

  *[Symbol.iterator](): Iterator<FlatExample> {
    using file = LineFile.open(this.path);
    for (let i = 0; i < this.length; i++) yield this.read(file, i);
  }

  private read(file: LineFile, index: number): FlatExample {
    const start = this.starts[index];
    return JSON.parse(file.read(start, this.starts[index + 1] - start));
  }
}

/** Writes a file of examples, which appears under its name when it is whole. */
export class ExampleFileWriter {
  private readonly partial: string;
  private readonly lines: LineFile;

  constructor(private readonly path: string) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    // Processes of one run may write the same file at the same time.
    this.partial = `${path}.${Deno.pid}.partial`;
    this.lines = LineFile.create(this.partial);
  }

  write(example: FlatExample): void {
    this.lines.append(JSON.stringify(example));
  }

  finish(counts: ExampleCounts): void {
    this.lines.append(JSON.stringify(counts));
    this.lines.sync();
    Deno.renameSync(this.partial, this.path);
    this.lines[Symbol.dispose]();
  }

  discard(): void {
    this.lines[Symbol.dispose]();
    Deno.removeSync(this.partial);
  }
}

async function lineStarts(path: string): Promise<Float64Array> {
  using file = await Deno.open(path);
  let starts = new Float64Array(1024), count = 1, at = 0;
  const piece = new Uint8Array(1 << 20);
  for (let read; (read = await file.read(piece)) !== null; at += read) {
    for (let i = piece.indexOf(10); i >= 0 && i < read; i = piece.indexOf(10, i + 1)) {
      if (count === starts.length) {
        const longer = new Float64Array(2 * count);
        longer.set(starts);
        starts = longer;
      }
      starts[count++] = at + i + 1;
    }
  }
  // Nothing begins behind the last line's end.
  return starts.slice(0, count - 1);
}
