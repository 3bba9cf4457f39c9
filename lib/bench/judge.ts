/**
 * How many solutions are judged per second, and whether one solution always gets the same verdict.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { type JudgeableQuestion, JudgePool, type Verdict } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import type { Sandbox } from "@/lib/judging/sandbox.ts";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { withStore } from "@/lib/store/store.ts";

/** What {@link benchJudge} measured. */
export interface JudgeSpeed {
  /** The isolation that really took effect. */
  isolation: string;
  slots: number;
  /** HumanEval's reference solutions judged per second, by round. */
  perSecond: number[];
  /** Reference solutions that did not pass, by slug and round; empty when all is well. */
  failed: string[];
  /** How often each of some programs was judged while all slots were busy, and the verdicts that came. */
  repeated: { program: string; times: number; verdicts: Verdict[] }[];
}

/** Options of {@link benchJudge}. */
export interface JudgeBenchOptions {
  /** How often all 164 reference solutions are judged. */
  rounds: number;
  /** How often each of the repeated programs is judged. */
  times: number;
  sandbox: Sandbox;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** Programs whose verdict must not depend on what else runs; `add(x, y)` is the question. */
const REPEATED: Record<string, string> = {
  "a right one": "def add(x, y):\n    return x + y",
  "a wrong one": "def add(x, y):\n    return x - y",
  "one that answers by the order of a set":
    "def add(x, y):\n    return x + y if list({'a', 'b', 'c'})[0] == 'a' else None",
  "one that draws lots":
    "import random\ndef add(x, y):\n    return x + y if random.random() < 0.5 else None",
};

/** Judges HumanEval's references over and over. */
export async function benchJudge(
  { rounds, times, sandbox, onProgress, signal }: JudgeBenchOptions,
): Promise<JudgeSpeed> {
  const questions = await humaneval();
  const slots = availableParallelism();
  const pool = new JudgePool(slots, DEFAULT_LIMITS, sandbox);
  const perSecond: number[] = [], failed: string[] = [];
  const done = () => onProgress?.(perSecond.length, rounds + 1, "judging");
  try {
    // Starts the slots.
    const first = await Promise.all(
      Array.from(
        { length: slots },
        () => pool.judge(questions[0], questions[0].question.reference_code!),
      ),
    );
    for (let round = 0; round < rounds; round++) {
      signal?.throwIfAborted();
      const started = performance.now();
      await Promise.all(questions.map(async (item) => {
        const { verdict } = await pool.judge(item, item.question.reference_code!);
        if (verdict !== "pass") {
          failed.push(`${item.question.slug}, round ${round + 1}: ${verdict}`);
        }
      }));
      perSecond.push(questions.length / ((performance.now() - started) / 1000));
      done();
    }
    const repeated = await repeat(pool, questions, times, signal);
    return { isolation: first[0].isolation, slots, perSecond, failed, repeated };
  } finally {
    await pool.close();
  }
}

async function repeat(
  pool: JudgePool,
  questions: JudgeableQuestion[],
  times: number,
  signal?: AbortSignal,
): Promise<JudgeSpeed["repeated"]> {
  const add = questions.find(({ question }) => question.entry_point === "add")!;
  const programs = Object.entries(REPEATED);
  const verdicts = new Map(programs.map(([program]) => [program, new Set<Verdict>()]));
  await Promise.all(
    Array.from({ length: times }, () =>
      programs.map(async ([program, code]) => {
        if (signal?.aborted) return;
        verdicts.get(program)!.add((await pool.judge(add, code)).verdict);
      })).flat(),
  );
  signal?.throwIfAborted();
  return programs.map(([program]) => ({ program, times, verdicts: [...verdicts.get(program)!] }));
}

async function humaneval(): Promise<JudgeableQuestion[]> {
  const folder = await Deno.makeTempDir();
  try {
    return await withStore(join(folder, "questions.duckdb"), async (store) => {
      await importHumaneval(store);
      const rows = await store.rows<{ slug: string }>("SELECT slug FROM questions ORDER BY number");
      const found: JudgeableQuestion[] = [];
      for (const { slug } of rows) found.push(await readJudgeable(store, slug));
      return found;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
