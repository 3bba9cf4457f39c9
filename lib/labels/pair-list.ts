/**
 * Pairs as a list, with what a labeler may know of each: verdicts of others and names of models only after a decision
 * of one's own.
 *
 * @module
 */
import { likePattern } from "@/lib/store/like.ts";
import type { Store } from "@/lib/store/store.ts";

/** Which pairs are wanted: all, those not decided by this labeler, labeled, skipped, or in dispute. */
export const PAIR_STATES = ["all", "open", "labeled", "skipped", "disputed"] as const;
export type PairState = typeof PAIR_STATES[number];

/** One pair. */
export interface ListedPair {
  pair: string;
  slug: string;
  title: string;
  difficulty: string;
  /** How many people have labeled it. */
  people: number;
  /** What this labeler has done with it. */
  mine: "label" | "skip" | null;
  /** The labeler's own preference. */
  preference: string | null;
  /** What is known once there is a label of one's own; else null. */
  known: {
    model1: string;
    model2: string;
    /** How many people said what. */
    version1: number;
    version2: number;
    same: number;
    both_bad: number;
  } | null;
}

/**
 * Pairs by question, a page at a time. Disputed ones are told only of pairs that the labeler has labeled.
 *
 * @param search a part of the question's title or slug
 */
export async function listPairs(
  store: Store,
  labeler: string,
  { state, search, limit, offset }: {
    state: PairState;
    search: string;
    limit: number;
    offset: number;
  },
): Promise<{ total: number; pairs: ListedPair[] }> {
  const conditions: Record<PairState, string> = {
    all: "true",
    open: "mine IS NULL",
    labeled: "mine = 'label'",
    skipped: "mine = 'skip'",
    disputed:
      "mine = 'label' AND (v.version1 > 0)::INT + (v.version2 > 0)::INT + (same > 0)::INT + (both_bad > 0)::INT > 1",
  };
  const rows = await store.rows<
    Omit<ListedPair, "known"> & NonNullable<ListedPair["known"]> & { total: number }
  >(
    `WITH said AS (
       SELECT l.pair, l.labeler, l.action, l.preference FROM labels l
       WHERE l.labeler_kind = 'human' AND l.action IN ('label', 'skip')
         AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)
       QUALIFY row_number() OVER (PARTITION BY l.labeler, l.pair ORDER BY l.showing, l.created_at, l.id) = 1
     ),
     votes AS (
       SELECT pair, count(*) FILTER (action = 'label') AS people,
         max(action) FILTER (labeler = $1) AS mine, max(preference) FILTER (labeler = $1) AS preference,
         count(*) FILTER (preference = 'version1') AS version1, count(*) FILTER (preference = 'version2') AS version2,
         count(*) FILTER (preference = 'same') AS same, count(*) FILTER (preference = 'both_bad') AS both_bad
       FROM said GROUP BY pair
     )
     SELECT p.id AS pair, p.slug, q.title, q.difficulty, coalesce(v.people, 0) AS people, v.mine, v.preference,
       g1.model AS model1, g2.model AS model2, v.version1, v.version2, v.same, v.both_bad, count(*) OVER () AS total
     FROM pairs p JOIN questions q ON q.slug = p.slug
     JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
     LEFT JOIN votes v ON v.pair = p.id
     WHERE p.kind = 'generated' AND q.split = 'train' AND (${conditions[state]})
       AND (q.title ILIKE $2 ESCAPE '\\' OR q.slug ILIKE $2 ESCAPE '\\')
     ORDER BY q.source DESC, q.number, p.id LIMIT $3 OFFSET $4`,
    [labeler, likePattern(search), limit, offset],
  );
  return {
    total: rows[0]?.total ?? 0,
    pairs: rows.map(
      ({ total: _, model1, model2, version1, version2, same, both_bad, ...pair }) => ({
        ...pair,
        known: pair.mine === "label"
          ? { model1, model2, version1, version2, same, both_bad }
          : null,
      }),
    ),
  };
}
