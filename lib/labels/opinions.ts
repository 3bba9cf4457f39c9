/**
 * What everybody said of one pair, for an admin who settles it.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { VersionCriterion, VersionVerdict } from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS, STANDS } from "@/lib/store/standing.ts";

/** One person's decision that stands. */
export interface Opinion {
  labeler: string;
  preference: VersionVerdict;
  correctness: VersionCriterion;
  performance: VersionCriterion;
  readability: VersionCriterion;
  reason: string | null;
  note: string | null;
}

/** A pair with its codes, what its tests say and what people said. */
export interface OpinionsOfPair {
  pair: string;
  title: string;
  description: string;
  code1: string;
  code2: string;
  /** Newest verdicts of the unit tests; null where they did not run. */
  tests1: string | null;
  tests2: string | null;
  opinions: Opinion[];
  /** The gold answer that it has already, and why. */
  gold: { preference: VersionVerdict; note: string | null } | null;
}

const PAIR = `
WITH newest AS (${NEWEST_VERDICTS})
SELECT p.id AS pair, q.title, q.description, g1.code AS code1, g2.code AS code2,
  n1.verdict AS tests1, n2.verdict AS tests2, gold.preference AS gold, gold.note AS gold_note
FROM pairs p JOIN questions q ON q.slug = p.slug
JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
LEFT JOIN newest n1 ON n1.generation = p.version1 LEFT JOIN newest n2 ON n2.generation = p.version2
LEFT JOIN gold ON gold.pair = p.id
WHERE p.id = $1`;

const OPINIONS = `
SELECT labeler, preference, correctness, performance, readability, reason, note FROM labels
WHERE pair = $1 AND labeler_kind = 'human' AND preference IS NOT NULL AND ${STANDS}
QUALIFY row_number() OVER (PARTITION BY labeler ORDER BY showing DESC, created_at DESC, id DESC) = 1
ORDER BY labeler`;

/**
 * What is known of a pair.
 * @throws InputError when there is no such pair
 */
export async function readOpinions(store: Store, pair: string): Promise<OpinionsOfPair> {
  type Found = Omit<OpinionsOfPair, "opinions" | "gold"> & {
    gold: VersionVerdict | null;
    gold_note: string | null;
  };
  const found = await store.row<Found>(PAIR, [pair]);
  if (!found) {
    throw new InputError(
      `There is no pair ${pair}; the quality page links to those that there are.`,
    );
  }
  const { gold, gold_note: note, ...rest } = found;
  return {
    ...rest,
    opinions: await store.rows<Opinion>(OPINIONS, [pair]),
    gold: gold === null ? null : { preference: gold, note },
  };
}
