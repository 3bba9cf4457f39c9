/**
 * Pairs on which labelers disagree, for somebody to settle.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

/** A pair with different preferences. */
export interface Disagreement {
  pair: string;
  slug: string;
  title: string;
  version1: number;
  version2: number;
  same: number;
  both_bad: number;
  /** Which version the tests tell to be right, where they do. */
  truth: string | null;
}

/**
 * Pairs of which labelers prefer different versions, or some one and others neither: those first where the votes for
 * the two versions are many and even. Pairs with a gold verdict are settled, and left out.
 *
 * Reads the tables of `withCounted`.
 */
export async function readDisagreements(
  store: Store,
  { limit, offset = 0 }: { limit: number; offset?: number },
): Promise<{ total: number; list: Disagreement[] }> {
  const rows = await store.rows<Disagreement & { total: number }>(
    `WITH votes AS (
       SELECT pair, count(*) FILTER (preference = 'version1') AS version1,
         count(*) FILTER (preference = 'version2') AS version2,
         count(*) FILTER (preference = 'same') AS same, count(*) FILTER (preference = 'both_bad') AS both_bad
       FROM said WHERE nth = 1 GROUP BY pair HAVING count(DISTINCT preference) > 1
     )
     SELECT v.pair, p.slug, q.title, v.version1, v.version2, v.same, v.both_bad, judged.truth, count(*) OVER () AS total
     FROM votes v JOIN pairs p ON p.id = v.pair JOIN questions q ON q.slug = p.slug
     LEFT JOIN judged ON judged.pair = v.pair
     WHERE v.pair NOT IN (SELECT pair FROM gold)
     ORDER BY least(v.version1, v.version2) DESC, abs(v.version1 - v.version2),
       v.version1 + v.version2 + same + both_bad DESC, v.pair
     LIMIT $1 OFFSET $2`,
    [limit, offset],
  );
  return {
    total: rows[0]?.total ?? 0,
    list: rows.map(({ total: _, ...row }) => row),
  };
}
