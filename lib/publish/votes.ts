/**
 * Which labels count.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";
import { STANDS } from "@/lib/store/standing.ts";

/** Kinds of labelers, the weightiest first: where a human has decided on a pair, tests do not count, and so on. */
export const LABELER_KINDS = ["human", "tests", "judge", "synthetic"] as const;

/** What a vote can be for, in the order of ties. */
export const CHOICES = ["version1", "version2", "same", "both_bad"] as const;

export const KINDS = `[${LABELER_KINDS.map((kind) => `'${kind}'`).join(", ")}]`;

/**
 * Leaves the temporary table `votes` (pair, labeler, labeler_kind, preference): for each pair one vote of each labeler of
 * its weightiest kind, the newest that was not taken back.
 */
export async function collectVotes(store: Store): Promise<void> {
  await store.run(`
CREATE OR REPLACE TEMP TABLE votes AS
WITH standing AS (
  SELECT pair, labeler, labeler_kind, preference
  FROM labels
  WHERE preference IS NOT NULL AND ${STANDS}
  QUALIFY row_number() OVER (PARTITION BY pair, labeler ORDER BY showing DESC, created_at DESC, id DESC) = 1
)
SELECT * FROM standing
QUALIFY list_position(${KINDS}, labeler_kind) = min(list_position(${KINDS}, labeler_kind)) OVER (PARTITION BY pair)`);
}
