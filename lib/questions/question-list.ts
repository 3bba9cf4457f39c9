/**
 * Questions as a list.
 *
 * @module
 */
import { likePattern } from "@/lib/store/like.ts";
import type { Store } from "@/lib/store/store.ts";

/** One question, and what there is of it. */
export interface ListedQuestion {
  slug: string;
  number: number;
  title: string;
  difficulty: string;
  source: string;
  split: string;
  topics: string[];
  /** Cases that verdicts rest on. */
  tests: number;
  /** Why there are no verdicts; null: there are. */
  unrunnable: string | null;
  pairs: number;
}

/** Which questions are wanted; an empty text: all. */
export interface QuestionFilter {
  /** A part of title, slug or topic, or the number. */
  search: string;
  difficulty: string;
  source: string;
  limit: number;
  offset: number;
}

/** Questions by source and number, a page at a time, and the sources there are. */
export async function listQuestions(
  store: Store,
  { search, difficulty, source, limit, offset }: QuestionFilter,
): Promise<{ total: number; sources: string[]; questions: ListedQuestion[] }> {
  const rows = await store.rows<ListedQuestion & { total: number }>(
    `SELECT q.slug, q.number, q.title, q.difficulty, q.source, q.split, q.topics, q.unrunnable,
       (SELECT count(*) FROM question_tests t WHERE t.slug = q.slug AND t.flaw IS NULL) AS tests,
       (SELECT count(*) FROM pairs p WHERE p.slug = q.slug) AS pairs, count(*) OVER () AS total
     FROM questions q
     WHERE (q.title ILIKE $1 ESCAPE '\\' OR q.slug ILIKE $1 ESCAPE '\\' OR CAST(q.number AS TEXT) = $2
         OR array_to_string(q.topics, ' ') ILIKE $1 ESCAPE '\\')
       AND ($3 = '' OR q.difficulty = $3) AND ($4 = '' OR q.source = $4)
     ORDER BY q.source DESC, q.number, q.slug LIMIT $5 OFFSET $6`,
    [likePattern(search), search, difficulty, source, limit, offset],
  );
  const sources = await store.rows<{ source: string }>(
    "SELECT DISTINCT source FROM questions ORDER BY source",
  );
  return {
    total: rows[0]?.total ?? 0,
    sources: sources.map(({ source }) => source),
    questions: rows.map(({ total: _, ...question }) => question),
  };
}
