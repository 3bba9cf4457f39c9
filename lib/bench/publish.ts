/**
 * How long a million labels take to become a dataset, and how much memory.
 *
 * @module
 */
import { join } from "node:path";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { withStore } from "@/lib/store/store.ts";

/** The labels that are made. */
export interface PublishWorkload {
  labels: number;
  labelers: number;
  pairs: number;
  questions: number;
}

/** One run of `deno task publish`, set-up of Deno and the check of all texts included. */
export interface PublishRun {
  aggregate: "majority" | "dawid_skene";
  seconds: number;
  /** Undefined where there is no /proc. */
  peakBytes?: number;
  train: number;
  test: number;
  digest: string;
}

export interface PublishBenchResult {
  workload: PublishWorkload;
  runs: PublishRun[];
  /** Whether two runs by majority into two folders wrote the same bytes. */
  sameBytes: boolean;
  /** Bytes of all Parquet files of the first run. */
  parquetBytes: number;
}

export interface PublishBenchOptions {
  labels: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
  onMeasured?: (run: PublishRun) => void;
}

/**
 * Publishes synthetic labels by majority, twice, and by Dawid and Skene's model. Of 200 labelers, each decides as often;
 * a tenth of them always say version1, the others are right nine times of ten.
 */
export async function benchPublish(
  { labels, signal, onProgress, onMeasured }: PublishBenchOptions,
): Promise<PublishBenchResult> {
  const pairs = Math.ceil(labels / 5);
  const workload = { labels, labelers: 200, pairs, questions: Math.ceil(pairs / 100) };
  const folder = await Deno.makeTempDir({ prefix: "codepref-bench-" });
  const runs: PublishRun[] = [];
  try {
    onProgress?.(0, 4, "making labels");
    const db = join(folder, "labels.duckdb");
    await makeLabels(db, workload);
    for (const [i, aggregate] of (["majority", "majority", "dawid_skene"] as const).entries()) {
      signal?.throwIfAborted();
      onProgress?.(1 + i, 4, aggregate);
      const run = await publishOnce(db, join(folder, `out-${i}`), aggregate, signal);
      runs.push(run);
      onMeasured?.(run);
    }
    onProgress?.(4, 4);
    let sameBytes = true, parquetBytes = 0;
    for (const config of ["data", "original"]) {
      for (const side of ["train", "test"]) {
        const [a, b] = [0, 1].map((i) =>
          Deno.readFileSync(join(folder, `out-${i}`, config, `${side}-00000-of-00001.parquet`))
        );
        sameBytes &&= a.length === b.length && a.every((byte, n) => byte === b[n]);
        parquetBytes += a.length;
      }
    }
    return { workload, runs, sameBytes, parquetBytes };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function publishOnce(
  db: string,
  out: string,
  aggregate: PublishRun["aggregate"],
  signal?: AbortSignal,
): Promise<PublishRun> {
  const measured = await measureProcess(
    Deno.execPath(),
    [
      ...["run", "-A", join(PROJECT_ROOT, "lib", "cli", "publish.ts"), `db=${db}`, `out=${out}`],
      ...["json=true", `aggregate=${aggregate}`],
    ],
    { cwd: PROJECT_ROOT, signal },
  );
  const value = measured.lines[0]?.value as Pick<PublishRun, "train" | "test" | "digest">;
  if (!value) throw new OperationError("deno task publish printed no result.");
  const { train, test, digest } = value;
  const { wallSeconds: seconds, usage } = measured;
  return { aggregate, seconds, peakBytes: usage?.peakBytes, train, test, digest };
}

/** DuckDB makes all rows, from hashes of their numbers. */
async function makeLabels(
  db: string,
  { labels, labelers, pairs, questions }: PublishWorkload,
): Promise<void> {
  const text =
    "def solve(values):\n    total = 0\n    for value in values:\n        total += value\n" +
    "    return total\n";
  await withStore(db, async (store) => {
    await store.run(
      `INSERT INTO questions (slug, number, title, difficulty, topics, description, examples, constraints, entry_point,
         starter_code, source, source_version, licence, redistributable, split)
       SELECT 'question-' || i, i, 'Question ' || i, ['easy', 'medium', 'hard'][1 + i % 3], [],
         repeat('Add the values of a list, but for those named ' || i || '. ', 20), [], '', 'solve',
         'def solve(values):', 'synthetic', '1', 'MIT', true, 'train'
       FROM range($1::BIGINT) t(i)`,
      [questions],
    );
    await store.run(
      `INSERT INTO generations (id, request_key, variant, slug, prompt, options, model, model_digest, provider, raw_text,
         code, status, done_reason, prompt_tokens, completion_tokens, milliseconds)
       SELECT 'answer-' || i, i::TEXT, 0, 'question-' || (i // 2) % $2::BIGINT, '', '{}', 'smollm2', '0', 'embedded', '',
         repeat($3::TEXT, 2) || '# ' || i, 'ok', 'stop', 1, 1, 1
       FROM range(2 * $1::BIGINT) t(i)`,
      [pairs, questions, text],
    );
    await store.run(
      `INSERT INTO pairs (id, slug, version1, version2, kind)
       SELECT 'pair-' || i, 'question-' || i % $2::BIGINT, 'answer-' || 2 * i, 'answer-' || 2 * i + 1, 'generated'
       FROM range($1::BIGINT) t(i)`,
      [pairs, questions],
    );
    await store.run(
      `INSERT INTO labels (id, client_id, pair, showing, action, labeler, labeler_kind, preference, side_order, active_ms,
         wall_ms, revealed)
       SELECT 'label-' || i, i::TEXT, 'pair-' || i // 5, 1, 'label', 'labeler-' || l, 'human',
         CASE WHEN l % 10 = 0 THEN 'version1'
           ELSE ['version1', 'version2', 'same', 'both_bad'][(1 + CASE WHEN hash(i) % 10 = 0 THEN hash(i, 'wrong') % 4
             WHEN hash(i // 5, 'open') % 10 = 0 THEN 2 + hash(i // 5) % 2 ELSE hash(i // 5, 'truth') % 2 END)::BIGINT] END,
         '12', 1, 1, '[]'
       FROM (SELECT i, (i // 5 * 7 + i % 5 * 41) % $2::BIGINT AS l FROM range($1::BIGINT) t(i))`,
      [labels, labelers],
    );
    await store.run("CHECKPOINT");
  });
}
