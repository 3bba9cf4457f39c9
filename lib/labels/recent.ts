/**
 * What a labeler has done lately.
 *
 * @module
 */
import { type Decision, standingDecisions } from "@/lib/labels/decision.ts";
import type { Store } from "@/lib/store/store.ts";

/** A decision of one's own with what it was about. */
export interface RecentDecision extends Decision {
  question: { slug: string; number: number; title: string };
  created_at: string;
}

/** The labeler's decisions that stand, the newest first. */
export async function recentDecisions(
  store: Store,
  labeler: string,
  limit: number,
): Promise<RecentDecision[]> {
  const decisions = await standingDecisions(store, labeler, limit);
  const about = await store.rows<
    { id: string; slug: string; number: number; title: string; created_at: string }
  >(
    `SELECT l.id, q.slug, q.number, q.title, l.created_at
     FROM labels l JOIN pairs p ON p.id = l.pair JOIN questions q ON q.slug = p.slug
     WHERE l.id IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))`,
    [decisions.map(({ id }) => id)],
  );
  const byId = new Map(about.map((row) => [row.id, row]));
  return decisions.map((decision) => {
    const { slug, number, title, created_at } = byId.get(decision.id)!;
    return { ...decision, question: { slug, number, title }, created_at };
  });
}

/** How much somebody has labeled. */
export interface Work {
  /** Showings with a label that stands. */
  labeled: number;
  skipped: number;
  /** Milliseconds of work on all decisions, those that were replaced and taken back included. */
  active_ms: number;
}

/** What the labeler has done since a time. */
export async function workSince(store: Store, labeler: string, since: Date): Promise<Work> {
  const row = await store.row<Work>(
    `SELECT count(*) FILTER (action = 'label' AND stands) AS labeled,
            count(*) FILTER (action = 'skip' AND stands) AS skipped,
            coalesce(sum(active_ms), 0) AS active_ms
     FROM (
       SELECT l.action, l.active_ms,
              NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id) AS stands
       FROM labels l WHERE l.labeler = $1 AND l.created_at >= $2::TIMESTAMPTZ::TIMESTAMP
     )`,
    [labeler, since.toISOString()],
  );
  return row!;
}
