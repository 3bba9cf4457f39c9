/**
 * A labeler's own decision on a pair, as it stands.
 *
 * @module
 */
import {
  type CriterionVerdict,
  type SideOrder,
  type SideVerdict,
  toSides,
  type VersionCriterion,
  type VersionVerdict,
} from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** A decision that stands, told in sides. */
export interface Decision {
  id: string;
  pair: string;
  showing: number;
  action: "label" | "skip";
  preference: SideVerdict | null;
  correctness: CriterionVerdict;
  performance: CriterionVerdict;
  readability: CriterionVerdict;
  reason: string | null;
  note: string | null;
  /** What had been looked at before: `tests`, `models`. */
  revealed: string[];
  /** Names of the models, which are hidden until there is a decision. */
  models: { a: string; b: string };
}

interface DecisionRow {
  id: string;
  pair: string;
  showing: number;
  action: "label" | "skip";
  preference: VersionVerdict | null;
  correctness: VersionCriterion;
  performance: VersionCriterion;
  readability: VersionCriterion;
  reason: string | null;
  note: string | null;
  revealed: string;
  side_order: SideOrder;
  model1: string;
  model2: string;
}

const DECISION = `
SELECT l.id, l.pair, l.showing, l.action, l.preference, l.correctness, l.performance, l.readability, l.reason,
       l.note, l.revealed, l.side_order, g1.model AS model1, g2.model AS model2
FROM labels l
JOIN pairs p ON p.id = l.pair
JOIN generations g1 ON g1.id = p.version1
JOIN generations g2 ON g2.id = p.version2
WHERE l.labeler = $1 AND l.action IN ('label', 'skip')`;

/** The decision of `labeler` on one showing of a pair, unless it was taken back. */
export async function standingDecision(
  store: Store,
  labeler: string,
  pair: string,
  showing: number,
): Promise<Decision | undefined> {
  const row = await store.row<DecisionRow>(
    `${DECISION} AND l.pair = $2 AND l.showing = $3
     AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)
     ORDER BY l.created_at DESC, l.id DESC LIMIT 1`,
    [labeler, pair, showing],
  );
  return row && inSides(row);
}

/** The newest decisions of `labeler` that stand, the newest first. */
export async function standingDecisions(
  store: Store,
  labeler: string,
  limit: number,
): Promise<Decision[]> {
  const rows = await store.rows<DecisionRow>(
    `${DECISION} AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)
     ORDER BY l.created_at DESC, l.id DESC LIMIT $2`,
    [labeler, limit],
  );
  return rows.map(inSides);
}

/** The decision with this id, if `labeler` made it. */
export async function ownDecision(
  store: Store,
  labeler: string,
  id: string,
): Promise<Decision | undefined> {
  const row = await store.row<DecisionRow>(`${DECISION} AND l.id = $2`, [labeler, id]);
  return row && inSides(row);
}

function inSides({ side_order, model1, model2, ...row }: DecisionRow): Decision {
  return {
    ...row,
    preference: toSides(row.preference, side_order),
    correctness: toSides(row.correctness, side_order),
    performance: toSides(row.performance, side_order),
    readability: toSides(row.readability, side_order),
    revealed: JSON.parse(row.revealed),
    models: side_order === "12" ? { a: model1, b: model2 } : { a: model2, b: model1 },
  };
}
