/**
 * Who labeled how much, and how far they agree, without saying who they are.
 *
 * @module
 */
import { pseudonym, readSalt } from "@/lib/labels/pseudonym.ts";
import type { Store } from "@/lib/store/store.ts";

/** What one labeler did for a dataset. Counts are of published pairs. */
export interface LabelerFacts {
  /** `labeler-` and eight digits for people, the name for programs. */
  name: string;
  kind: string;
  pairs: number;
  /** Those of which the labeler preferred what is chosen. */
  agreeing: number;
}

/** How far labelers agree on the published pairs that more than one of them decided on. */
export interface AgreementFacts {
  pairs: number;
  /** Two labelers' votes on one pair, all of them. */
  compared: number;
  /** Those that are the same. */
  same: number;
}

/** The labelers of what `preparePreferences` left, in the order of kinds and names. */
export async function labelerFacts(store: Store): Promise<LabelerFacts[]> {
  const rows = await store.rows<LabelerFacts>(`
SELECT v.labeler AS name, v.labeler_kind AS kind, count(*) AS pairs,
  count(*) FILTER (v.preference = p.outcome) AS agreeing
FROM preferences p JOIN votes v USING (pair)
WHERE p.dropped IS NULL GROUP BY ALL`);
  const salt = rows.some(({ kind }) => kind === "human") ? await readSalt(store) : "";
  return rows
    .map((row) => row.kind === "human" ? { ...row, name: pseudonym(salt, row.name) } : row)
    .sort((a, b) => `${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1);
}

/** How far they agree. */
export async function agreementFacts(store: Store): Promise<AgreementFacts> {
  const row = await store.row<AgreementFacts>(`
WITH choices AS (
  SELECT pair, preference, count(*) AS n
  FROM preferences p JOIN votes v USING (pair) WHERE p.dropped IS NULL GROUP BY ALL
),
pairs AS (SELECT pair, sum(n) AS m, sum(n * (n - 1)) AS same FROM choices GROUP BY pair HAVING sum(n) > 1)
SELECT count(*) AS pairs, (coalesce(sum(m * (m - 1)), 0) / 2)::BIGINT AS compared,
  (coalesce(sum(same), 0) / 2)::BIGINT AS same
FROM pairs`);
  return row!;
}
