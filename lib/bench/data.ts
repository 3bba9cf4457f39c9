/**
 * How much memory datasets of growing size take on their way to batches.
 *
 * @module
 */
import { join } from "node:path";
import type { DataProcessResult } from "@/lib/bench/data-process.ts";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { literal, queryRows, withDuckdb } from "@/lib/datasets/duckdb-rows.ts";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** One dataset, read twice: the second time from what the first one left on the disk. */
export interface DataRun {
  format: "jsonl" | "parquet";
  /** Of the texts, as JSON. */
  bytes: number;
  rows: number;
  first: DataProcessResult;
  again: DataProcessResult;
}

export interface DataBenchOptions {
  /** Megabytes (10⁶ bytes) of the largest dataset. */
  megabytes: number;
  /** How many times smaller than the largest they are, that one last. */
  parts?: readonly number[];
  /** Pairs that are tokenised to be looked at; default 2000, as training does. */
  looked?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
  onMeasured?: (run: DataRun) => void;
}

/** About so many bytes a row has as a line of JSON. */
const ROW_BYTES = 1525;

/** Reads JSON Lines of growing size and Parquet of the largest, each in a process of its own. All files are deleted. */
export async function benchData(
  { megabytes, parts = [16, 4, 1], looked = 2000, signal, onProgress, onMeasured }:
    DataBenchOptions,
): Promise<DataRun[]> {
  const sizes = parts.map((part) => Math.ceil(megabytes * 1e6 / ROW_BYTES / part));
  const wanted = [
    ...sizes.map((rows) => ({ rows, format: "jsonl" as const })),
    { rows: sizes.at(-1)!, format: "parquet" as const },
  ];
  const runs: DataRun[] = [];
  for (const [i, { rows, format }] of wanted.entries()) {
    onProgress?.(i, wanted.length, `${rows} rows of ${format}`);
    const folder = await Deno.makeTempDir({ prefix: "codepref-bench-" });
    try {
      const file = join(folder, `pairs.${format}`);
      const bytes = await writePairs(file, format, rows);
      const read = () => readOnce([file, join(folder, "cache"), String(looked)], signal);
      runs.push({ format, bytes, rows, first: await read(), again: await read() });
      onMeasured?.(runs.at(-1)!);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  onProgress?.(wanted.length, wanted.length);
  return runs;
}

async function readOnce(
  args: readonly string[],
  signal?: AbortSignal,
): Promise<DataProcessResult> {
  const { lines: [line] } = await measureProcess(Deno.execPath(), [
    ...["run", "-A", join(PROJECT_ROOT, "lib", "bench", "data-process.ts"), ...args],
  ], { cwd: PROJECT_ROOT, signal });
  if (!line) throw new OperationError("Reading the dataset printed no result.");
  return line.value as unknown as DataProcessResult;
}

/** Pairs whose texts differ, from hashes of their numbers. @returns bytes of the texts as lines of JSON */
async function writePairs(
  file: string,
  format: DataRun["format"],
  rows: number,
): Promise<number> {
  const text = (name: string) =>
    `array_to_string(list_transform(range(18), k -> hash(i * 64 + k, '${name}')::TEXT), ' ')`;
  const copy = `COPY (
    SELECT 'Question ' || i || ': ' || ${text("prompt")} AS prompt, ${text("chosen")} AS chosen,
      ${text("rejected")} || ' ' || ${text("more")} || ' .' AS rejected
    FROM range(${rows}) t(i)
  ) TO ${literal(file)} (FORMAT ${format === "jsonl" ? "json" : "parquet"})`;
  const measured = withDuckdb(async function* (connection) {
    // Groups of rows are as large as DuckDB makes them by itself, which takes more to write than to read.
    await connection.run("SET memory_limit = '2GB'");
    await connection.run(copy);
    yield* queryRows(
      connection,
      `SELECT sum(strlen(prompt) + strlen(chosen) + strlen(rejected) + 42)::DOUBLE AS bytes FROM ${
        literal(file)
      }`,
    );
  });
  let bytes = 0;
  for await (const row of measured) bytes = row.bytes as number;
  return bytes;
}
