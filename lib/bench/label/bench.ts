/**
 * How fast labels are stored and pairs given out, while others write to the same file.
 *
 * @module
 */
import { join } from "node:path";
import { fillDatabase } from "@/lib/bench/label/database.ts";
import { labelTogether, type Timings } from "@/lib/bench/label/labelers.ts";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { TextLineStream } from "@/lib/setup/lines.ts";
import { withStore } from "@/lib/store/store.ts";

/** What is measured. */
export interface LabelBenchOptions {
  labelers: number;
  labels: number;
  pairs: number;
  /** Labels that the file holds before. */
  before: number;
  /** Seconds between two writes of the process beside the app; 0: there is none. */
  writeEvery: number;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** What was measured. */
export interface LabelSpeed extends Timings {
  /** How long each write of the process beside the app took, in milliseconds. */
  writes: number[];
  /** Labels in the file afterwards that were not there before. */
  stored: number;
}

const WARM_UP = 300;

/** Fills a database in a temporary folder, serves it by `deno task label`, and has simulated labelers label. */
export async function benchLabels(
  { labelers, labels, pairs, before, writeEvery, onProgress, signal }: LabelBenchOptions,
): Promise<LabelSpeed> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-bench-" });
  const db = join(folder, "bench.duckdb");
  const children: Deno.ChildProcess[] = [];
  try {
    onProgress?.(0, labels, "filling the database");
    await fillDatabase(db, { pairs, labels: before });
    const server = child("lib/cli/label.ts", [`db=${db}`, "port=0", "json=true"]);
    children.push(server);
    const lines = linesOf(server);
    const { origin, token } = await firstObject(lines);
    const writes: number[] = [];
    if (writeEvery > 0) {
      const notebook = child("lib/bench/label/notebook-process.ts", [db, String(writeEvery)]);
      children.push(notebook);
      collect(notebook, writes);
    }
    const timings = await labelTogether({
      origin,
      token,
      labelers,
      labels,
      warmUp: Math.min(WARM_UP, labels),
      signal,
      onLabel: (stored) => {
        if (stored <= labels) onProgress?.(stored, labels, "labeling");
      },
    });
    await end(children);
    const rows = await withStore(
      db,
      (store) => store.row<{ n: number }>("SELECT count(*) AS n FROM labels"),
    );
    return { ...timings, writes, stored: rows!.n - before };
  } finally {
    await end(children);
    await Deno.remove(folder, { recursive: true });
  }
}

function child(script: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", join(PROJECT_ROOT, script), ...args],
    cwd: PROJECT_ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

function linesOf({ stdout }: Deno.ChildProcess): ReadableStreamDefaultReader<string> {
  return stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
}

async function firstObject(
  lines: ReadableStreamDefaultReader<string>,
): Promise<{ origin: string; token: string }> {
  for (;;) {
    const { done, value } = await lines.read();
    if (done) throw new OperationError("deno task label did not start; what it said is above.");
    if (value.startsWith("{")) return JSON.parse(value);
  }
}

async function collect(process: Deno.ChildProcess, writes: number[]): Promise<void> {
  const lines = linesOf(process);
  for (let line = await lines.read(); !line.done; line = await lines.read()) {
    writes.push(JSON.parse(line.value).milliseconds);
  }
}

async function end(children: Deno.ChildProcess[]): Promise<void> {
  for (const process of children.splice(0)) {
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await process.status;
  }
}
