/**
 * Labels to preferences: who wins, and what is left out and why. DuckDB does the work.
 *
 * @module
 */
import { decideByMajority } from "@/lib/publish/majority.ts";
import { decideByModel } from "@/lib/publish/decide-by-model.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import { takeSides } from "@/lib/publish/sides.ts";
import { collectVotes, KINDS } from "@/lib/publish/votes.ts";
import type { Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS } from "@/lib/store/standing.ts";

/** Reasons for which a pair is no preference, and is in the config `original` all the same. */
export const UNDECIDED = ["same", "both bad"] as const;

/** What is known of each generation: a number that equal code has alike, its length, and its newest verdict. */
const ANSWERS = `
CREATE OR REPLACE TEMP TABLE answers AS
WITH newest AS (${NEWEST_VERDICTS})
SELECT g.id, md5_number(trim(g.code, E' \\n\\r\\t')) AS digest, length(g.code) AS characters,
  n.verdict = 'pass' AS passes
FROM generations g LEFT JOIN newest n ON n.generation = g.id
WHERE g.id IN (SELECT version1 FROM pairs UNION ALL SELECT version2 FROM pairs)`;

const PREFERENCES = `
CREATE OR REPLACE TEMP TABLE preferences AS
WITH known AS (
  -- A gold answer settles what people said; nobody's vote is changed by it.
  SELECT d.* EXCLUDE (outcome, agreement), coalesce(gold.preference, d.outcome) AS voted,
    CASE WHEN gold.pair IS NULL THEN d.agreement ELSE 1 END AS agreement, gold.pair IS NOT NULL AS settled,
    p.id AS known_pair, p.kind AS pair_kind, p.slug AS question, p.version1 AS id1, p.version2 AS id2,
    q.split AS fixed_split, s.side, length(s.prompt) AS prompt_characters,
    a1.digest AS digest1, a2.digest AS digest2, greatest(a1.characters, a2.characters) AS characters,
    a1.passes AS passes1, a2.passes AS passes2
  FROM decisions d
  LEFT JOIN gold ON gold.pair = d.pair AND d.labeler_kind = 'human'
  LEFT JOIN pairs p ON p.id = d.pair
  LEFT JOIN questions q ON q.slug = p.slug
  LEFT JOIN sides s ON s.question = p.slug
  LEFT JOIN answers a1 ON a1.id = p.version1
  LEFT JOIN answers a2 ON a2.id = p.version2
),
-- What labelers leave open unit tests may decide.
told AS (
  SELECT *,
    passes1 IS NOT NULL AND passes2 IS NOT NULL AND passes1 <> passes2 AND (
      ($1::TEXT = 'tests' AND (voted IS NULL OR voted = 'same')) OR ($2::TEXT = 'tests' AND voted = 'both_bad')
    ) AS by_tests
  FROM known
),
decided AS (
  SELECT * EXCLUDE (labeler_kind, labelers, agreement), labelers AS labels,
    CASE WHEN by_tests THEN (CASE WHEN passes1 THEN 'version1' ELSE 'version2' END) ELSE voted END AS outcome,
    CASE WHEN by_tests THEN 'tests' ELSE labeler_kind END AS labeler_kind,
    CASE WHEN by_tests THEN 1 ELSE labelers END AS labelers,
    CASE WHEN by_tests THEN 1 ELSE agreement END AS agreement,
    CASE WHEN by_tests THEN 1 WHEN voted = 'version1' THEN version1 ELSE version2 END AS agreeing
  FROM told
),
judged AS (
  SELECT *, CASE
    WHEN labeler_kind = 'synthetic' AND NOT $3::BOOLEAN THEN 'synthetic'
    WHEN fixed_split IS NULL THEN 'question missing'
    WHEN fixed_split <> 'train' THEN 'evaluation question'
    WHEN digest1 IS NULL OR digest2 IS NULL THEN 'unread answer'
    WHEN digest1 = digest2 THEN 'identical answers'
    WHEN prompt_characters + characters > $4::BIGINT THEN 'too long'
    WHEN labels < $5::BIGINT AND NOT settled THEN 'too few labelers'
    WHEN outcome IS NULL THEN 'labelers divided'
    WHEN agreement < $6::DOUBLE THEN 'too little agreement'
    WHEN outcome = 'same' THEN 'same'
    WHEN outcome = 'both_bad' THEN 'both bad'
    WHEN $7::TEXT = 'drop' AND NOT passes1 AND NOT passes2 THEN 'both fail their tests'
  END AS reason
  FROM decided
),
chosen AS (
  SELECT pair, question, side, pair_kind, labeler_kind, labelers, agreeing, outcome, reason, id1, id2,
    CASE WHEN outcome = 'version2' THEN id2 ELSE id1 END AS chosen_id,
    CASE WHEN outcome = 'version2' THEN id1 ELSE id2 END AS rejected_id,
    CASE WHEN outcome = 'version2' THEN digest2 ELSE digest1 END AS chosen_digest,
    CASE WHEN outcome = 'version2' THEN digest1 ELSE digest2 END AS rejected_digest
  FROM judged
)
SELECT * EXCLUDE (reason, chosen_digest, rejected_digest),
  coalesce(reason, CASE
    WHEN row_number() OVER (
      PARTITION BY question, chosen_digest, rejected_digest, reason IS NULL
      ORDER BY list_position(${KINDS}, labeler_kind), pair) > 1 THEN 'duplicate'
  END) AS dropped
FROM chosen`;

/** What {@link preparePreferences} found. */
export interface PreferenceCounts {
  /** Labeled pairs that are left out, by reason. */
  dropped: Record<string, number>;
  train: number;
  test: number;
  /** Questions that are trained on because nobody knows their day, where days decide. */
  undated: number;
}

/**
 * Leaves temporary tables on the store's connection: `preferences` (one row a labeled pair with question, side, the
 * generations' ids `chosen_id` and `rejected_id`, who decided; `dropped` says why a pair is left out), `sides`
 * (question, prompt and split) and `votes`.
 */
export async function preparePreferences(
  store: Store,
  options: PreferenceOptions,
): Promise<PreferenceCounts> {
  await collectVotes(store);
  await (options.aggregate === "majority" ? decideByMajority : decideByModel)(store);
  const undated = await takeSides(store, options);
  await store.run(ANSWERS);
  const { ties, bothBad, includeSynthetic, maxCharacters, minLabels, minAgreement, failingBoth } =
    options;
  await store.run(PREFERENCES, [
    ...[ties, bothBad, includeSynthetic, maxCharacters, minLabels],
    // A share of votes is a quotient, which may be rounded down.
    ...[minAgreement - 1e-9, failingBoth],
  ]);
  return { ...await countPreferences(store), undated };
}

/** Counts what is in the table `preferences` now. */
export async function countPreferences(store: Store): Promise<Omit<PreferenceCounts, "undated">> {
  const dropped = await store.rows<{ dropped: string; n: number }>(
    "SELECT dropped, count(*) AS n FROM preferences WHERE dropped IS NOT NULL GROUP BY dropped ORDER BY dropped",
  );
  const sides = await store.rows<{ side: "train" | "test"; n: number }>(
    "SELECT side, count(*) AS n FROM preferences WHERE dropped IS NULL GROUP BY side",
  );
  return {
    dropped: Object.fromEntries(dropped.map(({ dropped, n }) => [dropped, n])),
    train: sides.find(({ side }) => side === "train")?.n ?? 0,
    test: sides.find(({ side }) => side === "test")?.n ?? 0,
  };
}
