/**
 * What a database holds, in numbers.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS, STANDS } from "@/lib/store/standing.ts";

/** Counts for a report. Verdicts are the newest of each answer of a model; labels are those that stand. */
export interface DatabaseCounts {
  questions: { source: string; split: string; count: number }[];
  difficulties: { difficulty: string; count: number }[];
  /** Answers by model and by whether code could be read from them. */
  answers: { model: string; status: string; count: number }[];
  verdicts: { verdict: string; count: number }[];
  pairs: { kind: string; count: number }[];
  labels: { labeler_kind: string; preference: string; count: number }[];
}

/** Counts the rows of a database. */
export async function databaseCounts(store: Store): Promise<DatabaseCounts> {
  return {
    questions: await store.rows(
      "SELECT source, split, count(*) AS count FROM questions GROUP BY ALL ORDER BY source, split DESC",
    ),
    difficulties: await store.rows(
      "SELECT difficulty, count(*) AS count FROM questions GROUP BY ALL ORDER BY difficulty",
    ),
    answers: await store.rows(
      `SELECT model, status, count(*) AS count FROM generations WHERE provider <> 'reference'
       GROUP BY ALL ORDER BY ALL`,
    ),
    verdicts: await store.rows(
      `SELECT verdict, count(*) AS count FROM (${NEWEST_VERDICTS})
       WHERE generation NOT IN (SELECT id FROM generations WHERE provider = 'reference')
       GROUP BY ALL ORDER BY ALL`,
    ),
    pairs: await store.rows(
      "SELECT kind, count(*) AS count FROM pairs GROUP BY ALL ORDER BY ALL",
    ),
    labels: await store.rows(
      `SELECT labeler_kind, preference, count(*) AS count FROM labels
       WHERE ${STANDS}
       GROUP BY ALL ORDER BY ALL`,
    ),
  };
}
