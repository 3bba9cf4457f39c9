/**
 * Which pair a labeler gets next.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

/** SQL for a code without blank lines and white space at the ends of lines. */
function plain(code: string): string {
  return `regexp_replace(trim(${code}, ' \t\r\n'), '[ \t\r]*(\n[ \t\r]*)*\n', '\n', 'g')`;
}

/**
 * Pairs that people may be asked about: generated ones of training questions, with two codes that differ.
 * Synthetic pairs need no opinion, and evaluation questions never enter training.
 */
const OFFERABLE = `offerable AS (
  SELECT p.id, p.slug, q.number, q.source
  FROM pairs p
  JOIN questions q ON q.slug = p.slug
  JOIN generations g1 ON g1.id = p.version1
  JOIN generations g2 ON g2.id = p.version2
  WHERE p.kind = 'generated' AND q.split = 'train' AND ${plain("g1.code")} <> ${plain("g2.code")}
)`;

/** Decisions that stand: neither replaced by a later one nor taken back. */
const STANDING = `standing AS (
  SELECT l.pair, l.labeler, l.labeler_kind, l.action
  FROM labels l
  WHERE l.action IN ('label', 'skip')
    AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)
)`;

/**
 * The pair that this labeler should decide next: one that the unit tests leave open before one that they
 * decide, one that few people have labeled before others, then by question.
 * @returns undefined when the labeler has labeled or skipped every pair
 */
export async function nextPair(store: Store, labeler: string): Promise<string | undefined> {
  const row = await store.row<{ id: string }>(
    `WITH ${OFFERABLE}, ${STANDING},
     seen AS (
       SELECT pair,
              count(*) FILTER (labeler_kind = 'human' AND action = 'label') AS people,
              bool_or(labeler_kind = 'tests') AS tested,
              bool_or(labeler = $1) AS mine
       FROM standing GROUP BY pair
     )
     SELECT o.id FROM offerable o LEFT JOIN seen s ON s.pair = o.id
     WHERE NOT coalesce(s.mine, false)
     ORDER BY coalesce(s.tested, false), coalesce(s.people, 0), o.source DESC, o.number, o.id
     LIMIT 1`,
    [labeler],
  );
  return row?.id;
}

/**
 * A pair of this question for the labeler: one that is still open before one already decided.
 * @returns undefined when the question has no pair to show
 */
export async function pairOfQuestion(
  store: Store,
  labeler: string,
  slug: string,
): Promise<string | undefined> {
  const row = await store.row<{ id: string }>(
    `WITH ${OFFERABLE}, ${STANDING}
     SELECT o.id FROM offerable o
     WHERE o.slug = $2
     ORDER BY EXISTS (SELECT 1 FROM standing s WHERE s.pair = o.id AND s.labeler = $1), o.id
     LIMIT 1`,
    [labeler, slug],
  );
  return row?.id;
}

/** Whether people may be asked about this pair. */
export async function isOfferable(store: Store, pair: string): Promise<boolean> {
  const row = await store.row(`WITH ${OFFERABLE} SELECT 1 FROM offerable WHERE id = $1`, [pair]);
  return row !== undefined;
}

/** How far a labeler is, in pairs. */
export interface LabelingProgress {
  labeled: number;
  skipped: number;
  total: number;
}

/** How many of the pairs there are this labeler has labeled and skipped. */
export async function labelingProgress(store: Store, labeler: string): Promise<LabelingProgress> {
  const row = await store.row<LabelingProgress>(
    `WITH ${OFFERABLE}, ${STANDING},
     mine AS (SELECT pair, bool_or(action = 'label') AS labeled FROM standing WHERE labeler = $1 GROUP BY pair)
     SELECT count(*) FILTER (m.labeled) AS labeled,
            count(*) FILTER (NOT m.labeled) AS skipped,
            count(*) AS total
     FROM offerable o LEFT JOIN mine m ON m.pair = o.id`,
    [labeler],
  );
  return row!;
}
