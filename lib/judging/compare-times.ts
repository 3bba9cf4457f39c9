/**
 * Which of two solutions is faster: their CPU time on inputs of growing size, in turns, with an interval.
 *
 * @module
 */
import type { QuestionTest } from "@/lib/questions/question.ts";
import type { JudgeableQuestion, JudgePool } from "@/lib/judging/judge.ts";
import { growable, type TimedRun, timeOnce, type Workload } from "@/lib/judging/growing-inputs.ts";

/** One size of the input, once. */
export interface TimePoint {
  /** How many times as large as the question's own case. */
  factor: number;
  /** CPU seconds of a call. */
  a: number;
  b: number;
}

/** What {@link compareTimes} found out. */
export interface TimeComparison {
  /** Case of the question that was enlarged. */
  position: number;
  /** The workload that `ratio` is measured on: so much larger, called so often. */
  factor: number;
  repeats: number;
  /** CPU time of A over that of B: their geometric mean over {@link PAIRS} pairs of runs. */
  ratio: number;
  /** 99 % confidence interval of the ratio (Student's t on its logarithm). */
  low: number;
  high: number;
  /** null: the interval reaches into ratios that are as good as 1, see {@link MARGIN}. */
  faster: "a" | "b" | null;
  /** Times of one call at each size, without an interval. */
  growth: TimePoint[];
  /** What the solutions were kept in. */
  isolation: string;
}

/** Pairs of runs behind one ratio, and Student's t for their 99 % interval (9 degrees of freedom). */
const PAIRS = 10;
const T_99 = 3.25;
/** What two processes of one solution differ by at times: a ratio this near to 1 is no difference. */
export const MARGIN = 1.05;

/** A run is long enough where the slower solution takes so many CPU seconds; one of them is enough to stop growing. */
const LONG_SECONDS = 0.05;
const MOST_REPEATS = 4096;
const MOST_FACTOR = 1 << 14;
const STEP = 4;
/** How many of the largest cases are tried. */
const CASES = 5;

/**
 * Compares two solutions that pass the question's tests. Inputs on which one of them fails, or on which their answers
 * differ, are not used: they may be none that the question allows.
 * @param pool a pool of its own: what else runs in it disturbs the times
 * @returns null where there is no case that both answer alike
 * @throws OperationError when judging itself failed, or the system does not tell a process's CPU time
 */
export async function compareTimes(
  pool: JudgePool,
  question: JudgeableQuestion,
  a: string,
  b: string,
  signal?: AbortSignal,
): Promise<TimeComparison | null> {
  const both = async (work: Workload): Promise<{ a: TimedRun; b: TimedRun } | null> => {
    signal?.throwIfAborted();
    const first = await timeOnce(pool, question, a, work);
    const second = first && await timeOnce(pool, question, b, work);
    return second && first.answers === second.answers ? { a: first, b: second } : null;
  };
  let hardest: Grown | null = null;
  for (const test of largest(growable(question))) {
    for (const ahead of [false, true]) {
      const grown = await grow(test, ahead, both);
      if (grown && (!hardest || harder(grown, hardest))) hardest = grown;
    }
  }
  if (!hardest) return null;
  const { growth, ...workload } = hardest;
  const measured = await measure(question, pool, a, b, workload, signal);
  return measured && { ...measured, growth };
}

type Grown = Workload & { growth: TimePoint[] };

/** Grows the input while both answer alike, then repeats calls, until a run is long enough. */
async function grow(
  test: QuestionTest,
  ahead: boolean,
  both: (work: Workload) => Promise<{ a: TimedRun; b: TimedRun } | null>,
): Promise<Grown | null> {
  const growth: TimePoint[] = [];
  for (let factor = 1; factor <= MOST_FACTOR; factor *= STEP) {
    const runs = await both({ test, factor, repeats: 1, ahead });
    if (!runs) break;
    growth.push({ factor, a: runs.a.seconds, b: runs.b.seconds });
    if (slower(growth) >= LONG_SECONDS) break;
  }
  if (growth.length === 0) return null;
  let repeats = 1;
  while (slower(growth) * repeats < LONG_SECONDS && repeats < MOST_REPEATS) repeats *= 2;
  return { test, ahead, factor: growth.at(-1)!.factor, repeats, growth };
}

/** CPU seconds of the slower solution at the largest size. */
function slower(growth: TimePoint[]): number {
  const { a, b } = growth.at(-1)!;
  return Math.max(a, b);
}

/** Whether an input takes longer: at the smaller size long enough, or else at all. */
function harder(one: Grown, other: Grown): boolean {
  const [x, y] = [slower(one.growth), slower(other.growth)];
  if (x < LONG_SECONDS || y < LONG_SECONDS) return x > y;
  return one.factor < other.factor || (one.factor === other.factor && x > y);
}

/** A, B, B, A, …: what drifts while it runs weighs on both alike. */
async function measure(
  question: JudgeableQuestion,
  pool: JudgePool,
  a: string,
  b: string,
  workload: Workload,
  signal?: AbortSignal,
): Promise<Omit<TimeComparison, "growth"> | null> {
  const logs: number[] = [];
  let isolation = "";
  for (let pair = 0; pair < PAIRS; pair++) {
    signal?.throwIfAborted();
    const order = pair % 2 === 0 ? ["a", "b"] as const : ["b", "a"] as const;
    const seconds = { a: 0, b: 0 };
    for (const side of order) {
      const run = await timeOnce(pool, question, side === "a" ? a : b, workload);
      seconds[side] = run?.seconds ?? NaN;
      if (run) isolation = run.isolation;
    }
    // A solution that fails this time, though not before, cannot be timed.
    if (Number.isNaN(seconds.a + seconds.b)) return null;
    logs.push(Math.log(seconds.a / seconds.b));
  }
  const { ratio, low, high } = ratioOf(logs);
  const faster = low > MARGIN ? "b" : high < 1 / MARGIN ? "a" : null;
  const { test, factor, repeats } = workload;
  return { position: test.position, factor, repeats, ratio, low, high, faster, isolation };
}

/** The geometric mean of {@link PAIRS} ratios, given as logarithms, with its interval. */
function ratioOf(logs: readonly number[]): { ratio: number; low: number; high: number } {
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1);
  const half = T_99 * Math.sqrt(variance / logs.length);
  return { ratio: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}

function largest(tests: QuestionTest[]): QuestionTest[] {
  return [...tests].sort((x, y) => y.input.length - x.input.length || x.position - y.position)
    .slice(0, CASES);
}

/** The comparison in words. */
export function timesLine(comparison: TimeComparison, a = "code", b = "against"): string {
  const { ratio, low, high, faster, factor, repeats, growth, position } = comparison;
  const measured = `${a} takes ${ratio.toFixed(2)} times as long as ${b} ` +
    `(${low.toFixed(2)} to ${high.toFixed(2)}), on case ${position} ${factor} times as large` +
    (repeats > 1 ? `, ${repeats} calls` : "");
  const found = faster === null ? "no difference found" : `${faster === "a" ? a : b} is faster`;
  const sizes = growth.map((point) =>
    `  ×${point.factor}: ${a} ${(point.a * 1000).toFixed(2)} ms, ${b} ${
      (point.b * 1000).toFixed(2)
    } ms`
  );
  return [`${found}: ${measured}`, ...sizes].join("\n");
}
