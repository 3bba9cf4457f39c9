/**
 * Saving what labelers decided: once, whatever the network repeats, and many at a time.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { Order } from "@/lib/labels/order.ts";
import type { Pool } from "@/lib/labels/pool.ts";
import {
  type CriterionVerdict,
  sideOrder,
  type SideVerdict,
  toVersions,
} from "@/lib/labels/showing.ts";
import type { LabelRow, StandingDecisions } from "@/lib/labels/standing.ts";
import type { SqlValue, Store } from "@/lib/store/store.ts";

/** What a labeler sends. `a` is the side shown on the left. */
export interface LabelRequest {
  /** Chosen by the sender, 8 to 64 letters, digits, `-` or `_`; repeats of one decision carry the same. */
  client_id: string;
  pair: string;
  showing: number;
  /** `undo` takes back the decision that stands. */
  action: "label" | "skip" | "undo";
  /** Required for `label`, absent otherwise. */
  preference: SideVerdict | null;
  correctness: CriterionVerdict;
  performance: CriterionVerdict;
  readability: CriterionVerdict;
  reason: string | null;
  note: string | null;
  active_ms: number;
  wall_ms: number;
  /** What the labeler had looked at before deciding: `tests`, `models`. */
  revealed: string[];
}

/** The answer to a label, the same for every repeat. */
export interface SavedLabel {
  id: string;
  stored: true;
}

/** A label on its way. */
export interface Submission {
  labeler: string;
  request: LabelRequest;
}

/** A whole row of `labels`, but for its time. */
export type StoredRow = LabelRow & Record<string, SqlValue>;

/** What became of a submission: the row that holds it, or why there is none. */
export type Outcome = { saved: SavedLabel; row?: StoredRow } | { error: Error };

/** Columns of a row as `from_json` reads them. */
const COLUMNS: Record<string, string> = {
  id: "VARCHAR",
  client_id: "VARCHAR",
  pair: "VARCHAR",
  showing: "INTEGER",
  action: "VARCHAR",
  supersedes: "VARCHAR",
  labeler: "VARCHAR",
  labeler_kind: "VARCHAR",
  preference: "VARCHAR",
  correctness: "VARCHAR",
  performance: "VARCHAR",
  readability: "VARCHAR",
  side_order: "VARCHAR",
  reason: "VARCHAR",
  note: "VARCHAR",
  active_ms: "DOUBLE",
  wall_ms: "DOUBLE",
  revealed: "JSON",
};
const NAMES = Object.keys(COLUMNS);
/** Rows of one transaction are a microsecond apart, so that a labeler's decisions have an order. */
const INSERT = `
INSERT INTO labels (${NAMES.join(", ")}, created_at)
SELECT ${
  NAMES.map((name) => `r.${name}`).join(", ")
}, current_timestamp + to_microseconds(r.position)
FROM (SELECT unnest(from_json($1::JSON, '${
  JSON.stringify([{ ...COLUMNS, position: "BIGINT" }])
}')) AS r)
ORDER BY r.position`;

/** What {@link LabelWriter} checks submissions against, up to date with the file. */
export interface Known {
  secret: string;
  pool: Pool;
  standing: StandingDecisions;
  order: Order;
}

/**
 * Stores what can be stored in one transaction, and says of each submission what became of it. One that is refused,
 * or that the database does not take, leaves the others as they are.
 */
export async function saveLabels(
  store: Store,
  known: Known,
  submissions: readonly Submission[],
): Promise<Outcome[]> {
  const stored = await storedBefore(store, submissions);
  // What the labels before in this batch changed about what stands.
  const standing = new Map<string, string | null>();
  const outcomes = submissions.map((submission): Outcome => {
    const { labeler, request: { client_id, pair, showing, action } } = submission;
    const before = stored.get(client_id);
    if (before?.labeler === labeler) return { saved: { id: before.id, stored: true } };
    const error = before
      ? "This client_id belongs to another labeler; choose a random one."
      : refusal(known, submission);
    if (error) return { error: new InputError(error) };
    const key = JSON.stringify([labeler, pair, showing]);
    const current = standing.has(key)
      ? standing.get(key)!
      : known.standing.find(labeler, pair, showing)?.id ?? null;
    if (action === "undo" && current === null) {
      return { error: new InputError("There is no decision on this pair to take back.") };
    }
    const row = labelRow(known.secret, submission, current);
    standing.set(key, action === "undo" ? null : row.id);
    stored.set(client_id, { id: row.id, labeler });
    return { saved: { id: row.id, stored: true }, row };
  });
  await insertAll(store, outcomes);
  return outcomes;
}

/** Labels that are there already, by client_id. */
async function storedBefore(
  store: Store,
  submissions: readonly Submission[],
): Promise<Map<string, { id: string; labeler: string }>> {
  const rows = await store.rows<{ client_id: string; id: string; labeler: string }>(
    `SELECT client_id, id, labeler FROM labels
     WHERE client_id IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))`,
    [submissions.map(({ request }) => request.client_id)],
  );
  return new Map(rows.map(({ client_id, ...row }) => [client_id, row]));
}

/** Why a new label cannot be taken; undefined when it can. */
function refusal({ pool, order }: Known, { labeler, request }: Submission): string | undefined {
  const { pair, showing } = request;
  if (!pool.get(pair)) return `There is no pair ${pair} to label; GET /api/next names one.`;
  if (!order.isOpen(labeler, pair, showing)) {
    return `Pair ${pair} has no showing ${showing}; send the one that GET /api/next gave.`;
  }
}

function labelRow(
  secret: string,
  { labeler, request }: Submission,
  supersedes: string | null,
): StoredRow {
  const { pair, showing, preference, correctness, performance, readability, ...rest } = request;
  const side_order = sideOrder(secret, labeler, pair, showing);
  return {
    ...rest,
    id: crypto.randomUUID(),
    pair,
    showing,
    supersedes,
    labeler,
    labeler_kind: "human",
    preference: toVersions(preference, side_order),
    correctness: toVersions(correctness, side_order),
    performance: toVersions(performance, side_order),
    readability: toVersions(readability, side_order),
    side_order,
  };
}

/** All rows at once, or, where that fails, one by one: then those that fail become errors. */
async function insertAll(store: Store, outcomes: Outcome[]): Promise<void> {
  const rows = outcomes.flatMap((outcome) => "row" in outcome && outcome.row ? [outcome.row] : []);
  if (rows.length === 0) return;
  try {
    await insert(store, rows);
  } catch (error) {
    if (rows.length === 1) return fail(outcomes, rows[0], error as Error);
    for (const row of rows) {
      await insert(store, [row]).catch((error) => fail(outcomes, row, error));
    }
  }
}

function insert(store: Store, rows: StoredRow[]): Promise<void> {
  const positioned = rows.map((row, position) => ({ ...row, position }));
  return store.transaction(() => store.run(INSERT, [positioned]));
}

/** A row that could not be stored, and its repeats in the batch. */
function fail(outcomes: Outcome[], row: StoredRow, error: Error): void {
  outcomes.forEach((outcome, i) => {
    if ("saved" in outcome && outcome.saved.id === row.id) outcomes[i] = { error };
  });
}
