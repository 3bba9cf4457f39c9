/**
 * How fast people label, by the time that they worked and not by the clock.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

/** What a labeler did, and how long it took. */
export interface Pace {
  labeler: string;
  /** Decisions that were made, those that were changed or taken back later among them. */
  labels: number;
  skips: number;
  undone: number;
  /** Hours of work on all of these: signs of life no more than 30 seconds apart. */
  activeHours: number;
  /** Labels an hour of work; null where no time was measured. */
  perHour: number | null;
  /** Seconds of work on a label, in the middle of all labels with a time; null where none has one. */
  medianSeconds: number | null;
}

/** The pace of each labeler, by name. */
export async function readPace(store: Store): Promise<Pace[]> {
  const rows = await store.rows<Omit<Pace, "perHour">>(
    `SELECT labeler, count(*) FILTER (action = 'label') AS labels, count(*) FILTER (action = 'skip') AS skips,
       count(*) FILTER (action = 'undo') AS undone, sum(active_ms) / 3.6e6 AS "activeHours",
       median(active_ms) FILTER (action = 'label' AND active_ms > 0) / 1000 AS "medianSeconds"
     FROM labels WHERE labeler_kind = 'human' GROUP BY labeler ORDER BY labeler`,
  );
  return rows.map((row) => ({
    ...row,
    perHour: row.activeHours > 0 ? row.labels / row.activeHours : null,
  }));
}

/** Labels of one labeler in one span of time. */
export interface SpanCount {
  /** Begin of the span, ISO 8601 in UTC. */
  from: string;
  labeler: string;
  labels: number;
}

/** Spans that a time line is cut into, with their lengths in hours. */
export const SPANS = { hour: 1, day: 24, week: 168, month: 730 } as const;
export type Span = keyof typeof SPANS;
const MOST_SPANS = 120;

/** Labels by time and labeler, in the shortest spans of which there are at most 120. */
export async function readTimeLine(store: Store): Promise<{ span: Span; counts: SpanCount[] }> {
  const made = "FROM labels WHERE labeler_kind = 'human' AND action = 'label'";
  const row = await store.row<{ hours: number | null }>(
    `SELECT datediff('hour', min(created_at), max(created_at)) AS hours ${made}`,
  );
  const spans = Object.keys(SPANS) as Span[];
  const span = spans.find((span) => (row?.hours ?? 0) / SPANS[span] < MOST_SPANS) ?? "month";
  const counts = await store.rows<SpanCount>(
    `SELECT date_trunc('${span}', created_at)::TIMESTAMP AS "from", labeler, count(*) AS labels ${made}
     GROUP BY ALL ORDER BY ALL`,
  );
  return { span, counts };
}
