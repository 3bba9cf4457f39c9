/**
 * Runs the solutions that a question's source has on that source's tests, before anybody else's are: a test that
 * the source's own solution fails says nothing about others, and how long it takes sets their time limit.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { OnProgress } from "@/lib/progress.ts";
import { withStore } from "@/lib/store/store.ts";
import { type JudgeableQuestion, type Judgement, JudgePool } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";

/** What {@link checkReferences} found. */
export interface ReferenceReport {
  /** How many solutions were run. */
  checked: number;
  /** Tests that are left out from now on. */
  flawed: { slug: string; position: number; reason: string }[];
}

/** Options of {@link checkReferences}. */
export interface ReferenceOptions {
  sandbox?: Sandbox;
  concurrency?: number;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Runs every reference solution that was not measured yet. The database is not held meanwhile.
 * @throws DOMException `AbortError` when aborted; what was measured until then is stored
 */
export async function checkReferences(
  dbPath: string,
  { sandbox = defaultSandbox(), concurrency = availableParallelism(), onProgress, signal }:
    ReferenceOptions = {},
): Promise<ReferenceReport> {
  const work = await withStore(dbPath, async (store) => {
    const rows = await store.rows<{ slug: string }>(
      `SELECT slug FROM questions WHERE reference_code IS NOT NULL AND reference_seconds IS NULL
       AND harness IS NOT NULL ORDER BY source, number`,
    );
    const found: JudgeableQuestion[] = [];
    for (const { slug } of rows) found.push(await readJudgeable(store, slug));
    return found;
  });
  const report: ReferenceReport = { checked: 0, flawed: [] };
  const measured: { slug: string; seconds: number }[] = [];
  const pool = new JudgePool(
    Math.max(1, Math.min(concurrency, work.length)),
    DEFAULT_LIMITS,
    sandbox,
  );
  const queue = work.filter(({ tests }) => tests.length > 0);
  const checkSome = async () => {
    for (let item = queue.shift(); item && !signal?.aborted; item = queue.shift()) {
      const { slug, reference_code } = item.question;
      const judgement = await pool.judge(item, reference_code!);
      measured.push({ slug, seconds: slowestCase(judgement) });
      report.flawed.push(...flawsOf(slug, item, judgement));
      report.checked++;
      onProgress?.(report.checked, work.length, slug);
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.size }, checkSome));
  } finally {
    await pool.close();
    await keep(dbPath, measured, report.flawed);
  }
  signal?.throwIfAborted();
  return report;
}

/** What was checked, in one line. */
export function referenceLine({ checked, flawed }: ReferenceReport): string {
  const solutions = `${checked} reference solution${checked === 1 ? "" : "s"} run`;
  if (flawed.length === 0) return `${solutions}; all pass.`;
  const tests = flawed.map(({ slug, position, reason }) => `${slug} ${position} (${reason})`);
  return `${solutions}; ${flawed.length} tests are left out, because their source's own solution fails them: ` +
    `${tests.join(", ")}.`;
}

function slowestCase(judgement: Judgement): number {
  return Math.max(0, ...judgement.cases.map((result) => result.milliseconds)) / 1000;
}

/** Cases that did not pass; a run that ended early leaves the cases after it out as well. */
function flawsOf(slug: string, { tests }: JudgeableQuestion, judgement: Judgement) {
  const results = new Map(judgement.cases.map((result) => [result.position, result.verdict]));
  return tests.flatMap(({ position }) => {
    const verdict = results.get(position) ?? "not reached";
    return verdict === "pass" ? [] : [{ slug, position, reason: verdict }];
  });
}

function keep(
  dbPath: string,
  measured: { slug: string; seconds: number }[],
  flawed: ReferenceReport["flawed"],
): Promise<void> {
  return withStore(dbPath, (store) =>
    store.transaction(async () => {
      await store.run(
        `UPDATE questions SET reference_seconds = now.seconds FROM (
           SELECT unnest(from_json($1::JSON, '["VARCHAR"]')) AS slug,
                  unnest(from_json($2::JSON, '["DOUBLE"]')) AS seconds
         ) AS now WHERE questions.slug = now.slug`,
        [measured.map(({ slug }) => slug), measured.map(({ seconds }) => seconds)],
      );
      for (const { slug, position, reason } of flawed) {
        await store.run(
          "UPDATE question_tests SET flaw = $3 WHERE slug = $1 AND position = $2",
          [slug, position, reason],
        );
      }
    }));
}
