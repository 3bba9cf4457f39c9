/**
 * The choice of most labelers.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

/**
 * From `votes` to the temporary table `decisions`: pair, labeler_kind, labelers, the votes for each choice (version1,
 * version2, same, both_bad), outcome (one of these, or NULL where two have most votes) and agreement (the outcome's
 * share of the votes, from 0 to 1).
 */
export async function decideByMajority(store: Store): Promise<void> {
  await store.run(COUNT_VOTES);
  await store.run(`
CREATE OR REPLACE TEMP TABLE decisions AS
SELECT *, CASE
    WHEN version1 > greatest(version2, same, both_bad) THEN 'version1'
    WHEN version2 > greatest(version1, same, both_bad) THEN 'version2'
    WHEN same > greatest(version1, version2, both_bad) THEN 'same'
    WHEN both_bad > greatest(version1, version2, same) THEN 'both_bad'
  END AS outcome,
  greatest(version1, version2, same, both_bad) / labelers AS agreement
FROM counted`);
}

/** Leaves the temporary table `counted`: a row a pair with the votes for each choice. */
export const COUNT_VOTES = `
CREATE OR REPLACE TEMP TABLE counted AS
SELECT pair, labeler_kind, count(*) AS labelers,
  count(*) FILTER (preference = 'version1') AS version1,
  count(*) FILTER (preference = 'version2') AS version2,
  count(*) FILTER (preference = 'same') AS same,
  count(*) FILTER (preference = 'both_bad') AS both_bad
FROM votes GROUP BY pair, labeler_kind`;
