/**
 * How long a solution takes on an input of a question, made larger.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { QuestionTest } from "@/lib/questions/question.ts";
import type { JudgeableQuestion, JudgePool } from "@/lib/judging/judge.ts";

const GROWING = readFileSync(join(import.meta.dirname!, "python", "growing.py"), "utf8");

/** What is run: a case of the question, `factor` times as large, and how often. */
export interface Workload {
  test: QuestionTest;
  factor: number;
  repeats: number;
  /** What is added comes before what was there. */
  ahead: boolean;
}

/** A run that ended well. */
export interface TimedRun {
  /** CPU time of the solution's process within the calls, in seconds. */
  seconds: number;
  /** Digest of what it returned and made of its arguments. */
  answers: string;
  isolation: string;
}

/** Cases that can be enlarged: those that are an input and an expected value. */
export function growable({ question, tests }: JudgeableQuestion): QuestionTest[] {
  return tests.filter(({ position }) => question.harness?.statements[position] === undefined);
}

/**
 * Runs a solution once.
 * @returns null where it fails, or the input cannot be made that large
 * @throws OperationError when judging itself failed
 */
export async function timeOnce(
  pool: JudgePool,
  { question }: JudgeableQuestion,
  code: string,
  { test, factor, repeats, ahead }: Workload,
): Promise<TimedRun | null> {
  const harness = {
    ...question.harness!,
    module: `${question.harness!.module}\n\n${GROWING}`,
    statements: {
      [test.position]: `run_timed(${test.input}, ${test.expected}, ${factor}, ${repeats}, ${
        ahead ? "True" : "False"
      })`,
    },
  };
  const judged = await pool.judge(
    { question: { ...question, harness }, tests: [test] },
    code,
    true,
  );
  const { verdict, called_seconds, answers } = judged.cases[0] ?? { verdict: judged.verdict };
  if (verdict !== "pass") return null;
  if (!called_seconds || !answers) {
    throw new OperationError("This system does not tell how much CPU time a process has used.");
  }
  return { seconds: called_seconds, answers, isolation: judged.isolation };
}
