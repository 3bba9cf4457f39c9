/**
 * Checks tests that come without a solution: a candidate that answers with the expected outputs has to pass every
 * case, and one whose answers are never right may pass none.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import type { Question } from "@/lib/questions/question.ts";
import { type JudgeableQuestion, type Judgement, JudgePool } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";

/** What replaying found out about the tests of one question. */
export interface ReplayResult {
  slug: string;
  /** Every case passes with its expected output, and none with an answer that is never right. */
  sound: boolean;
  /** Why not. */
  reason: string | null;
  /** How the tests write an answer: a shape of `python/replay.py`; null: none, or there is a solution to try. */
  shape: Shape | null;
}

const SHAPES = [
  "value",
  "tree",
  "list",
  "trees",
  "lists",
  "node",
  "argument",
  "in place",
  "in place, length",
  "first",
  "operations",
  "calls",
] as const;
type Shape = (typeof SHAPES)[number];

const REPLAY = readFileSync(join(import.meta.dirname!, "python", "replay.py"), "utf8");

/** Options of {@link replayQuestions}. */
export interface ReplayOptions {
  sandbox?: Sandbox;
  concurrency?: number;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Replays the tests of questions that ask for a class; the others have reference solutions.
 * @throws DOMException `AbortError` when aborted
 */
export async function replayQuestions(
  questions: readonly JudgeableQuestion[],
  { sandbox = defaultSandbox(), concurrency = availableParallelism(), onProgress, signal }:
    ReplayOptions = {},
): Promise<ReplayResult[]> {
  const work = questions.filter(({ question }) => question.harness?.classes.length);
  const results: ReplayResult[] = [];
  const queue = [...work];
  const pool = new JudgePool(
    Math.max(1, Math.min(concurrency, work.length)),
    DEFAULT_LIMITS,
    sandbox,
  );
  const replaySome = async () => {
    for (let item = queue.shift(); item && !signal?.aborted; item = queue.shift()) {
      results.push(await replayQuestion(pool, item));
      onProgress?.(results.length, work.length, item.question.slug);
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.size }, replaySome));
  } finally {
    await pool.close();
  }
  signal?.throwIfAborted();
  return results.sort((a, b) => a.slug < b.slug ? -1 : 1);
}

async function replayQuestion(pool: JudgePool, item: JudgeableQuestion): Promise<ReplayResult> {
  const { slug } = item.question;
  try {
    const { shape, reason } = item.question.reference_code === null
      ? await findShape(pool, item)
      : await tryReference(pool, item);
    if (reason !== null) return { slug, sound: false, reason, shape };
    const wrong = await pool.judge(item, candidate(item, "sentinel"));
    const passed = wrong.cases.filter(({ verdict }) => verdict === "pass");
    if (passed.length === 0) return { slug, sound: true, reason: null, shape };
    const positions = passed.map(({ position }) => position).join(", ");
    return { slug, sound: false, reason: `any answer passes case ${positions}`, shape };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return { slug, sound: false, reason: error.message, shape: null };
  }
}

async function tryReference(
  pool: JudgePool,
  item: JudgeableQuestion,
): Promise<{ shape: null; reason: string | null }> {
  const judged = await pool.judge(item, item.question.reference_code!);
  return { shape: null, reason: failure(judged, "the reference solution") };
}

/** The shape with which every case passes, or how far the best one came. */
async function findShape(
  pool: JudgePool,
  item: JudgeableQuestion,
): Promise<{ shape: Shape | null; reason: string | null }> {
  let reason: string | null = null;
  let best = 0;
  for (const shape of likelyShapes(item.question)) {
    const first = await replayCase(pool, item, 0, shape);
    reason ??= failure(first);
    if (first.verdict !== "pass") continue;
    // All at once, if cases can be told apart by what they give the solution; else one by one.
    const all = await pool.judge(item, candidate(item, shape));
    if (all.verdict === "pass") return { shape, reason: null };
    let position = 1, judged = first;
    while (position < item.tests.length && judged.verdict === "pass") {
      judged = await replayCase(pool, item, position++, shape);
    }
    if (judged.verdict === "pass") return { shape, reason: null };
    if (position > best) [best, reason] = [position, failure(judged)];
  }
  return { shape: null, reason };
}

function replayCase(
  pool: JudgePool,
  { question, tests }: JudgeableQuestion,
  index: number,
  shape: Shape,
): Promise<Judgement> {
  const one = { question, tests: [tests[index]] };
  return pool.judge(one, candidate(one, shape));
}

function failure(
  { first_failure: failed }: Judgement,
  whose = "the expected output",
): string | null {
  return failed && `case ${failed.position} does not accept ${whose}` +
      (failed.error ? `: ${failed.error}` : "");
}

/** The program that replays. */
function candidate({ question, tests }: JudgeableQuestion, shape: Shape | "sentinel"): string {
  const cases = tests.map(({ input, expected }) => `    (${input}, ${expected}),`);
  const methods = [...question.starter_code.matchAll(/^ {4}def (\w+)\(/gm)]
    .map(([, name]) => name).filter((name) => !name.startsWith("__"));
  const [name] = question.harness!.classes;
  return [
    REPLAY,
    `CASES = [\n${shape === "sentinel" ? "" : cases.join("\n")}\n]`,
    `${name} = replaying("${name}", ${JSON.stringify(methods)}, CASES, ${JSON.stringify(shape)})`,
  ].join("\n");
}

/** All shapes, those first that the starter code's annotation suggests. */
function likelyShapes(question: Question): Shape[] {
  const returned = question.starter_code
    .match(new RegExp(`def ${question.entry_point}\\([^]*?->([^:]*):`))?.[1] ?? "";
  const likely: Shape[] = question.harness!.classes[0] !== "Solution"
    ? ["operations", "calls"]
    : /TreeNode/.test(returned)
    ? ["tree", "trees", "node"]
    : /ListNode/.test(returned)
    ? ["list", "lists", "node"]
    : /^\s*None\s*$/.test(returned)
    ? ["in place", "in place, length"]
    : [];
  return [...new Set([...likely, ...SHAPES])];
}
