/**
 * Judges a file of a person's own.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { readQuestion, readTests } from "@/lib/questions/question.ts";
import { withStore } from "@/lib/store/store.ts";
import { judge, type Judgement } from "@/lib/judging/judge.ts";

/**
 * Judges a Python file on a question; nothing is stored.
 * @throws InputError when there is no such database, question or file, or the question has no tests
 */
export async function judgeFile(
  dbPath: string,
  slug: string,
  file: string,
): Promise<Judgement & { question: string }> {
  let code: string;
  try {
    code = await Deno.readTextFile(file);
  } catch (error) {
    throw new InputError(`The file ${file} cannot be read: ${(error as Error).message}.`);
  }
  const judgeable = await withStore(dbPath, async (store) => ({
    question: await readQuestion(store, slug),
    tests: await readTests(store, slug),
  }), { create: false });
  return { question: slug, ...await judge(judgeable, code) };
}
