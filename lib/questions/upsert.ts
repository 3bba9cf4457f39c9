/**
 * Writes imported questions so that importing twice changes nothing and a newer source updates.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Row, Store } from "@/lib/store/store.ts";
import {
  type Question,
  type QuestionFields,
  type QuestionTest,
  questionToRow,
} from "@/lib/questions/question.ts";

/** A question on its way into the database. */
export interface ImportedQuestion {
  question: QuestionFields;
  tests: QuestionTest[];
}

/** What an import did. Every question of the source is in one of the first three counts. */
export interface ImportReport {
  source: string;
  inserted: number;
  updated: number;
  unchanged: number;
  /** Questions that are imported but cannot be judged. */
  unrunnable: { slug: string; reason: string }[];
}

/** Inserts what is new and updates what differs, all or nothing. */
export async function upsertQuestions(
  store: Store,
  source: string,
  imported: ImportedQuestion[],
): Promise<ImportReport> {
  const before = await storedDigests(store, source);
  const changed = imported.filter((item) => before.get(item.question.slug) !== digestOf(item));
  const inserted = changed.filter((item) => !before.has(item.question.slug)).length;
  await store.transaction(async () => {
    if (changed.length === 0) return;
    const slugs = changed.map((item) => item.question.slug);
    const rows = changed.map((item) => questionToRow(fieldsOf(item.question)));
    const columns = Object.keys(rows[0]).filter((column) => column !== "slug");
    // What was measured holds for the question as it was.
    const assignments = [
      ...columns.map((column) => `${column} = excluded.${column}`),
      "reference_seconds = NULL",
    ].join(", ");
    await store.insert("questions", rows, `(slug) DO UPDATE SET ${assignments}`);
    const tests = changed.flatMap((item) => item.tests) as unknown as Row[];
    await store.insert(
      "question_tests",
      tests,
      "(slug, position) DO UPDATE SET input = excluded.input, expected = excluded.expected, flaw = NULL",
    );
    // A newer source may have fewer tests than the one before.
    await store.run(
      `DELETE FROM question_tests USING (
         SELECT unnest(from_json($1::JSON, '["VARCHAR"]')) AS slug, unnest(from_json($2::JSON, '["INTEGER"]')) AS tests
       ) AS now WHERE question_tests.slug = now.slug AND question_tests.position >= now.tests`,
      [slugs, changed.map((item) => item.tests.length)],
    );
  });
  return {
    source,
    inserted,
    updated: changed.length - inserted,
    unchanged: imported.length - changed.length,
    unrunnable: imported.flatMap(({ question: { slug, unrunnable } }) =>
      unrunnable ? [{ slug, reason: unrunnable }] : []
    ),
  };
}

async function storedDigests(store: Store, source: string): Promise<Map<string, string>> {
  const questions = await store.rows<Question & { harness: string | null }>(
    "SELECT * FROM questions WHERE source = $1",
    [source],
  );
  const tests = await store.rows<QuestionTest>(
    `SELECT t.slug, t.position, t.input, t.expected FROM question_tests t JOIN questions q USING (slug)
     WHERE q.source = $1 ORDER BY t.slug, t.position`,
    [source],
  );
  const bySlug = Map.groupBy(tests, (test) => test.slug);
  return new Map(questions.map((row) => {
    const question = { ...row, harness: row.harness === null ? null : JSON.parse(row.harness) };
    return [row.slug, digestOf({ question, tests: bySlug.get(row.slug) ?? [] })];
  }));
}

/** A question without what importers do not say, which one that comes from the database has. */
function fieldsOf(
  question: QuestionFields & { reference_seconds?: unknown; released?: unknown },
): QuestionFields {
  const { reference_seconds: _seconds, released: _released, ...fields } = question;
  return fields;
}

function digestOf({ question, tests }: ImportedQuestion): string {
  const harness = question.harness;
  const fields = Object.entries({ ...fieldsOf(question), harness: null }).sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  const hash = createHash("sha256").update(JSON.stringify(fields));
  if (harness) {
    const { prelude, classes, functions, module, statements } = harness;
    hash.update(JSON.stringify([prelude, classes, functions, module, statements]));
  }
  hash.update(JSON.stringify(tests.map((t) => [t.position, t.input, t.expected])));
  return hash.digest("hex");
}
