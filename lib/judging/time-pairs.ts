/**
 * Times the versions of pairs beside each other and stores how they compare.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";
import { OperationError } from "@/lib/errors.ts";
import { type Store, withStore } from "@/lib/store/store.ts";
import { compareTimes, type TimeComparison } from "@/lib/judging/compare-times.ts";
import { type JudgeableQuestion, JudgePool } from "@/lib/judging/judge.ts";
import { testsDigest } from "@/lib/judging/judge-generations.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";

/** What {@link timePairs} did. Counts are of pairs whose versions both pass. */
export interface TimesReport {
  timed: number;
  /** Timed before, on the same tests. */
  already: number;
  /** Of the timed ones. */
  faster: { version1: number; version2: number; same: number };
  /** Without an input that both answer alike when it is timed. */
  incomparable: number;
  /** Pairs whose timing failed, with the reason; they are tried again next time. */
  failed: { pair: string; reason: string }[];
}

interface Pair {
  id: string;
  slug: string;
  digest1: string;
  digest2: string;
  code1: string;
  code2: string;
}

const PASSING = `
SELECT p.id, p.slug, j1.tests_digest AS digest1, j2.tests_digest AS digest2, g1.code AS code1, g2.code AS code2
FROM pairs p
JOIN generations g1 ON g1.id = p.version1
JOIN generations g2 ON g2.id = p.version2
JOIN judgements j1 ON j1.generation = g1.id AND j1.verdict = 'pass'
JOIN judgements j2 ON j2.generation = g2.id AND j2.verdict = 'pass' AND j2.tests_digest = j1.tests_digest
ORDER BY p.id`;

/**
 * Times every pair of which both versions pass the present tests, one pair after the other: what runs beside a timing
 * disturbs it. The database is not held meanwhile.
 * @throws DOMException `AbortError` when aborted; what was timed until then is stored
 */
export async function timePairs(
  dbPath: string,
  { sandbox = defaultSandbox(), onProgress, signal }: {
    sandbox?: Sandbox;
    onProgress?: OnProgress;
    signal?: AbortSignal;
  } = {},
): Promise<TimesReport> {
  const { work, already } = await withStore(dbPath, findWork);
  const report: TimesReport = {
    timed: 0,
    already,
    faster: { version1: 0, version2: 0, same: 0 },
    incomparable: 0,
    failed: [],
  };
  const pool = new JudgePool(1, DEFAULT_LIMITS, sandbox);
  try {
    for (const { pair, question } of work) {
      try {
        const found = await compareTimes(pool, question, pair.code1, pair.code2, signal);
        if (!found) report.incomparable++;
        else {
          const faster = found.faster === "a"
            ? "version1"
            : found.faster === "b"
            ? "version2"
            : "same";
          await keep(dbPath, pair, found, faster);
          report.timed++;
          report.faster[faster]++;
        }
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        report.failed.push({ pair: pair.id, reason: error.message });
      }
      const done = report.timed + report.incomparable + report.failed.length;
      onProgress?.(done, work.length, pair.slug);
    }
  } finally {
    await pool.close();
  }
  return report;
}

async function findWork(
  store: Store,
): Promise<{ work: { pair: Pair; question: JudgeableQuestion }[]; already: number }> {
  const done = new Set(
    (await store.rows<{ key: string }>("SELECT pair || ' ' || tests_digest AS key FROM timings"))
      .map(({ key }) => key),
  );
  const work: { pair: Pair; question: JudgeableQuestion }[] = [];
  const questions = new Map<string, { question: JudgeableQuestion; digest: string }>();
  let already = 0;
  for (const pair of await store.rows<Pair>(PASSING)) {
    let found = questions.get(pair.slug);
    if (!found) {
      const question = await readJudgeable(store, pair.slug);
      found = { question, digest: question.question.harness ? testsDigest(question) : "" };
      questions.set(pair.slug, found);
    }
    if (pair.digest1 !== found.digest) continue;
    if (done.has(`${pair.id} ${found.digest}`)) already++;
    else work.push({ pair, question: found.question });
  }
  return { work, already };
}

function keep(dbPath: string, pair: Pair, found: TimeComparison, faster: string): Promise<void> {
  const { ratio, low, high, position, factor, repeats, growth, isolation } = found;
  return withStore(dbPath, (store) =>
    store.transaction(async () => {
      await store.insert("timings", [{
        pair: pair.id,
        tests_digest: pair.digest1,
        ratio,
        low,
        high,
        faster,
        position,
        factor,
        repeats,
        growth: growth as unknown as string,
        isolation,
      }], "DO NOTHING");
    }));
}

/** What was timed and what was not, in one line. */
export function timesReportLine({ timed, already, faster, incomparable, failed }: TimesReport) {
  const rest = [
    [already, "timed before"],
    [incomparable, "without an input that both answer alike"],
    [failed.length, `failed (${failed[0]?.reason})`],
  ].filter(([n]) => n !== 0).map(([n, what]) => `${n} ${what}`);
  const { version1, version2, same } = faster;
  const line =
    `${timed} pairs timed (version1 is faster in ${version1}, version2 in ${version2}, no difference found in ${same})`;
  return `${[line, ...rest].join("; ")}.`;
}
