/**
 * Saving what a labeler decided: once, whatever the network repeats.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { isOfferable } from "@/lib/labels/order.ts";
import { FIRST_SHOWING, sideOrder, type SideVerdict, toVersions } from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** A verdict on one criterion; null: cannot judge. */
export type CriterionVerdict = "a" | "b" | "same" | null;

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

/**
 * Appends the decision in one transaction; a later decision on the same showing supersedes the earlier one.
 * @throws InputError for a pair that is not offered, an undo of nothing, and a `client_id` of someone else
 */
export function saveLabel(
  store: Store,
  secret: string,
  labeler: string,
  request: LabelRequest,
): Promise<SavedLabel> {
  return store.transaction(async () => {
    const { client_id, pair, showing, action, preference } = request;
    const known = await store.row<{ id: string; labeler: string }>(
      "SELECT id, labeler FROM labels WHERE client_id = $1",
      [client_id],
    );
    if (known && known.labeler !== labeler) {
      throw new InputError("This client_id belongs to another labeler; choose a random one.");
    }
    if (known) return { id: known.id, stored: true };
    if (!await isOfferable(store, pair)) {
      throw new InputError(`There is no pair ${pair} to label; GET /api/next names one.`);
    }
    if (showing !== FIRST_SHOWING) {
      throw new InputError(
        `Pair ${pair} has no showing ${showing}; send the one that GET /api/next gave.`,
      );
    }
    const standing = await store.row<{ id: string }>(
      `SELECT id FROM labels l
       WHERE labeler = $1 AND pair = $2 AND showing = $3 AND action IN ('label', 'skip')
         AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)
       ORDER BY created_at DESC, id DESC LIMIT 1`,
      [labeler, pair, showing],
    );
    if (action === "undo" && !standing) {
      throw new InputError("There is no decision on this pair to take back.");
    }
    const order = sideOrder(secret, labeler, pair, showing);
    const versions = (verdict: SideVerdict | null) => verdict && toVersions(verdict, order);
    const id = crypto.randomUUID();
    await store.insert("labels", [{
      id,
      client_id,
      pair,
      showing,
      action,
      supersedes: standing?.id ?? null,
      labeler,
      labeler_kind: "human",
      preference: versions(preference),
      correctness: versions(request.correctness),
      performance: versions(request.performance),
      readability: versions(request.readability),
      side_order: order,
      reason: request.reason,
      note: request.note,
      active_ms: request.active_ms,
      wall_ms: request.wall_ms,
      revealed: request.revealed,
    }]);
    return { id, stored: true };
  });
}
