/** Real questions for the tests of judging, imported once. */
import { join } from "node:path";
import { importQuestions } from "@/lib/questions/import.ts";
import { questionFromRow, readQuestion, readTests } from "@/lib/questions/question.ts";
import type { JudgeableQuestion } from "@/lib/judging/judge.ts";
import { withStore } from "@/lib/store/store.ts";

/** A database file with the questions of some sources, gone after `work`. */
export async function withQuestions(
  sources: string[],
  work: (dbPath: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const dbPath = join(folder, "questions.duckdb");
    await withStore(dbPath, (store) => importQuestions(store, sources));
    await work(dbPath);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One question with its tests. */
export function judgeable(dbPath: string, slug: string): Promise<JudgeableQuestion> {
  return withStore(dbPath, async (store) => ({
    question: await readQuestion(store, slug),
    tests: await readTests(store, slug),
  }));
}

/** All questions of a source with their tests. */
export function allJudgeable(dbPath: string, source: string): Promise<JudgeableQuestion[]> {
  return withStore(dbPath, async (store) => {
    const rows = await store.rows<Parameters<typeof questionFromRow>[0]>(
      "SELECT * FROM questions WHERE source = $1 ORDER BY number",
      [source],
    );
    const found: JudgeableQuestion[] = [];
    for (const row of rows) {
      found.push({ question: questionFromRow(row), tests: await readTests(store, row.slug) });
    }
    return found;
  });
}
