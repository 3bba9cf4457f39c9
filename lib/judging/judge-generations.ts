/**
 * Judges stored generations and stores the judgements.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { type Row, type Store, withStore } from "@/lib/store/store.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import {
  type JudgeableQuestion,
  type Judgement,
  JudgePool,
  type Verdict,
} from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS, type Limits } from "@/lib/judging/limits.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";

/** Options of {@link judgeGenerations}. */
export interface JudgeGenerationsOptions {
  /** Only these generations; default: all. */
  ids?: string[];
  limits?: Limits;
  sandbox?: Sandbox;
  /** How many at one time; default: one per core. */
  concurrency?: number;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** What {@link judgeGenerations} did. */
export interface JudgeReport {
  judged: number;
  /** Judged before, on the same tests. */
  already: number;
  /** Without readable code. */
  unread: number;
  /** Of a question without tests that can be run. */
  unrunnable: number;
  /** Generations whose judging failed, with the reason; they are tried again next time. */
  failed: { generation: string; reason: string }[];
  verdicts: Record<Verdict, number>;
}

interface Work {
  id: string;
  code: string;
  question: JudgeableQuestion;
  tests_digest: string;
}

/** How many judgements may be lost when the process is killed; they are only judged again. */
const STORE_EVERY = 16;

/**
 * Judges every generation that has code and no judgement on the present tests of its question. The database is
 * not held while candidates run.
 * @throws DOMException `AbortError` when aborted; what was judged until then is stored
 */
export async function judgeGenerations(
  dbPath: string,
  {
    ids,
    limits = DEFAULT_LIMITS,
    sandbox = defaultSandbox(),
    concurrency = availableParallelism(),
    onProgress,
    signal,
  }: JudgeGenerationsOptions = {},
): Promise<JudgeReport> {
  const { work, report } = await withStore(dbPath, (store) => findWork(store, ids));
  const pool = new JudgePool(Math.max(1, Math.min(concurrency, work.length)), limits, sandbox);
  let rows: Row[] = [];
  const flush = async () => {
    const ready = rows;
    rows = [];
    await withStore(dbPath, (store) =>
      store.transaction(async () => {
        await store.insert("judgements", ready, "DO NOTHING");
      }));
  };
  const queue = [...work];
  const judgeSome = async () => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      if (signal?.aborted) return;
      try {
        const judgement = await pool.judge(item.question, item.code);
        rows.push(toRow(item, judgement));
        report.judged++;
        report.verdicts[judgement.verdict]++;
        if (rows.length >= STORE_EVERY) await flush();
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        report.failed.push({ generation: item.id, reason: error.message });
      }
      onProgress?.(work.length - queue.length, work.length, item.question.question.slug);
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.size }, judgeSome));
  } finally {
    await pool.close();
    if (rows.length > 0) await flush();
  }
  signal?.throwIfAborted();
  return report;
}

/** Digest of everything that decides a verdict beside the candidate: harness and cases. */
export function testsDigest({ question, tests }: JudgeableQuestion): string {
  const { prelude, classes, functions, module, statements } = question.harness!;
  const cases = tests.map((test) => [test.position, test.input, test.expected]);
  const text = JSON.stringify([prelude, classes, functions, module, statements, cases]);
  return createHash("sha256").update(text).digest("hex");
}

async function findWork(
  store: Store,
  ids?: string[],
): Promise<{ work: Work[]; report: JudgeReport }> {
  const report: JudgeReport = {
    judged: 0,
    already: 0,
    unread: 0,
    unrunnable: 0,
    failed: [],
    verdicts: { pass: 0, wrong: 0, error: 0, timeout: 0, memory: 0, killed: 0 },
  };
  const generations = await store.rows<{ id: string; slug: string; code: string | null }>(
    `SELECT id, slug, code FROM generations
     ${ids ? `WHERE id IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))` : ""}
     ORDER BY created_at, id`,
    ids ? [ids] : [],
  );
  const done = new Set(
    (await store.rows<{ key: string }>(
      "SELECT generation || ' ' || tests_digest AS key FROM judgements",
    ))
      .map((row) => row.key),
  );
  const questions = new Map<string, { question: JudgeableQuestion; digest: string } | null>();
  const work: Work[] = [];
  for (const { id, slug, code } of generations) {
    if (!questions.has(slug)) {
      const question = await readJudgeable(store, slug);
      const runnable = question.question.harness !== null && question.tests.length > 0;
      questions.set(slug, runnable ? { question, digest: testsDigest(question) } : null);
    }
    const found = questions.get(slug);
    if (!found) report.unrunnable++;
    else if (code === null) report.unread++;
    else if (done.has(`${id} ${found.digest}`)) report.already++;
    else work.push({ id, code, question: found.question, tests_digest: found.digest });
  }
  return { work, report };
}

function toRow(work: Work, judgement: Judgement): Row {
  const { cases: _, first_failure, ...fields } = judgement;
  const id = createHash("sha256").update(`${work.id} ${work.tests_digest}`).digest("hex").slice(
    0,
    32,
  );
  return {
    id,
    generation: work.id,
    tests_digest: work.tests_digest,
    ...fields,
    first_failure: first_failure as unknown as Row,
  };
}
