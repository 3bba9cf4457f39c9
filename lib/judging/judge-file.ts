/**
 * Judges a file of a person's own.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import { withStore } from "@/lib/store/store.ts";
import { compareTimes, type TimeComparison } from "@/lib/judging/compare-times.ts";
import { judge, type JudgeableQuestion, type Judgement, JudgePool } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { defaultSandbox, type Sandbox } from "@/lib/judging/sandbox.ts";

/**
 * Judges a Python file on a question; nothing is stored.
 * @throws InputError when there is no such database, question or file, or the question has no tests
 */
export async function judgeFile(
  dbPath: string,
  slug: string,
  file: string,
  sandbox: Sandbox = defaultSandbox(),
): Promise<Judgement & { question: string }> {
  const code = await readCode(file);
  const judgeable = await readQuestion(dbPath, slug);
  return { question: slug, ...await judge(judgeable, code, DEFAULT_LIMITS, sandbox) };
}

/**
 * Says which of two Python files is faster on a question; nothing is stored.
 * @throws InputError as {@link judgeFile}, and when a file does not pass the tests, or no input can be compared on
 * @throws OperationError when judging itself failed
 */
export async function timeFiles(
  dbPath: string,
  slug: string,
  one: string,
  other: string,
  sandbox: Sandbox = defaultSandbox(),
  signal?: AbortSignal,
): Promise<TimeComparison & { question: string }> {
  const files = await Promise.all([one, other].map(async (file) => ({
    file,
    code: await readCode(file),
  })));
  const judgeable = await readQuestion(dbPath, slug);
  const pool = new JudgePool(1, DEFAULT_LIMITS, sandbox);
  try {
    for (const { file, code } of files) {
      const { verdict } = await pool.judge(judgeable, code);
      if (verdict !== "pass") {
        throw new InputError(
          `${file} does not pass the tests of ${slug} (${verdict}); only solutions that pass are timed.`,
        );
      }
    }
    const [a, b] = files.map(({ code }) => code);
    const found = await compareTimes(pool, judgeable, a, b, signal);
    if (!found) {
      throw new InputError(
        `The two files cannot be compared on ${slug}: there is no case that both answer alike.`,
      );
    }
    return { question: slug, ...found };
  } finally {
    await pool.close();
  }
}

function readQuestion(dbPath: string, slug: string): Promise<JudgeableQuestion> {
  return withStore(dbPath, (store) => readJudgeable(store, slug), { create: false });
}

async function readCode(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new InputError(`The file ${file} cannot be read: ${(error as Error).message}.`);
  }
}
