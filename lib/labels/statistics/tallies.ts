/**
 * What the statistics count, counted by DuckDB: however many labels there are, only kinds of pairs leave it.
 *
 * Labels are those of people that stand: neither replaced by a later one nor taken back. Each labeler counts once a
 * pair, by the first showing; a second one serves self-consistency alone. Who cannot judge a criterion says as little
 * about it as who did not answer.
 *
 * @module
 */
import type { Agreement } from "@/lib/labels/statistics/cohen-kappa.ts";
import type { DuelTally } from "@/lib/labels/statistics/bradley-terry.ts";
import type { VerdictCounts } from "@/lib/labels/statistics/krippendorff.ts";
import type { LengthTally } from "@/lib/labels/statistics/length-bias.ts";
import { CRITERIA, type Measure, MEASURES, VERDICTS } from "@/lib/labels/statistics/measures.ts";
import type { Store } from "@/lib/store/store.ts";
import { NEWEST_VERDICTS, STANDS } from "@/lib/store/standing.ts";

/**
 * `said`: the labels that count; `nth` is 1 at the first showing. `truth`: which version the tests of a pair tell to
 * be right, where one passes and the other does not; `both_pass`: whether both do.
 */
const PREPARE = [
  `CREATE OR REPLACE TEMP TABLE said AS
   SELECT l.pair, l.labeler, l.side_order, l.preference,
          ${CRITERIA.map((name) => `nullif(l.${name}, 'cannot_judge') AS ${name}`).join(", ")},
          list_contains(from_json(l.revealed, '["VARCHAR"]'), 'tests') AS saw_tests,
          row_number() OVER (PARTITION BY l.labeler, l.pair ORDER BY l.showing, l.created_at, l.id) AS nth
   FROM labels l
   WHERE l.labeler_kind = 'human' AND ${STANDS}`,
  `CREATE OR REPLACE TEMP TABLE judged AS
   WITH newest AS (SELECT generation, verdict = 'pass' AS passes FROM (${NEWEST_VERDICTS}))
   SELECT p.id AS pair, n1.passes AND n2.passes AS both_pass,
          CASE WHEN n1.passes AND NOT n2.passes THEN 'version1'
               WHEN n2.passes AND NOT n1.passes THEN 'version2' END AS truth
   FROM pairs p JOIN newest n1 ON n1.generation = p.version1 JOIN newest n2 ON n2.generation = p.version2`,
];

/** Runs `work` on the tables that the functions below read. */
export async function withCounted<T>(store: Store, work: () => Promise<T>): Promise<T> {
  for (const sql of PREPARE) await store.run(sql);
  try {
    return await work();
  } finally {
    for (const table of ["said", "judged"]) await store.run(`DROP TABLE IF EXISTS temp.${table}`);
  }
}

/** For Krippendorff's alpha: kinds of pairs by how many labelers gave which verdict. */
export async function readVerdictCounts(store: Store): Promise<Record<Measure, VerdictCounts[]>> {
  const rows = await store.rows<{ measure: Measure; counts: number[]; pairs: number }>(
    `WITH votes AS (
       SELECT measure, pair, ${VERDICTS.map((v) => `count(*) FILTER (verdict = '${v}') AS ${v}`)}
       FROM (UNPIVOT (SELECT pair, ${MEASURES} FROM said WHERE nth = 1)
             ON ${MEASURES} INTO NAME measure VALUE verdict)
       GROUP BY ALL HAVING count(*) >= 2
     )
     SELECT measure, [${VERDICTS}]::INTEGER[] AS counts, count(*) AS pairs FROM votes GROUP BY ALL ORDER BY ALL`,
  );
  return perMeasure(rows);
}

/** Two labelers and a verdict of each, on pairs that both have labeled. */
export type AgreementRow = Agreement & { first: string; second: string };

/**
 * For Cohen's kappa: what two labelers said of the same pairs, of the two who share most pairs on.
 * @param most so many twos
 */
export async function readAgreements(
  store: Store,
  most: number,
): Promise<Record<Measure, AgreementRow[]>> {
  const sides = MEASURES.flatMap((m) => [`s1.${m} AS ${m}_a`, `s2.${m} AS ${m}_b`]);
  const rows = await store.rows<AgreementRow & { measure: Measure }>(
    `WITH one AS (SELECT * FROM said WHERE nth = 1),
     shared AS (
       SELECT s1.labeler AS first, s2.labeler AS second, count(*) AS pairs
       FROM one s1 JOIN one s2 ON s1.pair = s2.pair AND s1.labeler < s2.labeler
       GROUP BY ALL ORDER BY pairs DESC, first, second LIMIT $1
     ),
     both_said AS (
       SELECT first, second, ${sides}
       FROM shared JOIN one s1 ON s1.labeler = first JOIN one s2 ON s2.pair = s1.pair AND s2.labeler = second
     )
     ${
      MEASURES.map((m) =>
        `SELECT '${m}' AS measure, first, second, ${m}_a AS a, ${m}_b AS b, count(*) AS count
         FROM both_said WHERE ${m}_a IS NOT NULL AND ${m}_b IS NOT NULL GROUP BY ALL`
      ).join(" UNION ALL ")
    } ORDER BY ALL`,
    [most],
  );
  return perMeasure(rows);
}

/** How many twos of labelers share pairs. */
export async function countTwos(store: Store): Promise<number> {
  const row = await store.row<{ n: number }>(
    `SELECT count(*) AS n FROM (
       SELECT DISTINCT s1.labeler, s2.labeler FROM said s1 JOIN said s2
       ON s1.pair = s2.pair AND s1.labeler < s2.labeler AND s1.nth = 1 AND s2.nth = 1)`,
  );
  return row!.n;
}

/** What a labeler (`a`) and most of the others (`b`) said of the same pairs; pairs without a majority are left out. */
export function readAgreementsWithOthers(
  store: Store,
): Promise<(Agreement & { labeler: string })[]> {
  const others = VERDICTS.map((v) => `votes.${v} - (s.preference = '${v}')::INTEGER AS ${v}`);
  const top = `greatest(${VERDICTS})`;
  return store.rows(
    `WITH votes AS (
       SELECT pair, ${VERDICTS.map((v) => `count(*) FILTER (preference = '${v}') AS ${v}`)}
       FROM said WHERE nth = 1 GROUP BY pair HAVING count(*) >= 2
     ),
     rest AS (
       SELECT s.labeler, s.preference, ${others} FROM said s JOIN votes USING (pair) WHERE nth = 1
     ),
     majorities AS (
       SELECT labeler, preference AS a, CASE ${
      VERDICTS.map((v) => `WHEN ${v} = ${top} THEN '${v}'`).join(" ")
    } END AS b
       FROM rest WHERE ${VERDICTS.map((v) => `(${v} = ${top})::INTEGER`).join(" + ")} = 1
     )
     SELECT labeler, a, b, count(*) AS count FROM majorities GROUP BY ALL ORDER BY ALL`,
  );
}

/** What of one labeler is counted. */
export interface LabelerCounts {
  labeler: string;
  /** Pairs with a label that stands. */
  labels: number;
  left: number;
  right: number;
  /** Pairs labeled twice, and those with the same preference both times. */
  repeated: number;
  repeated_alike: number;
  /** Pairs whose tests tell which version is right; of them, with a preference for the right and the wrong one. */
  tested: number;
  tests_for: number;
  tests_against: number;
  /** The same for those where the labeler had not looked at the tests. */
  unseen_for: number;
  unseen_against: number;
  /** The same for the verdict on correctness. */
  correctness_for: number;
  correctness_against: number;
  gold: number;
  gold_right: number;
}

/** Counts of each labeler. */
export function readLabelerCounts(store: Store): Promise<LabelerCounts[]> {
  const wrong = (column: string) =>
    `${column} IN ('version1', 'version2') AND ${column} <> judged.truth`;
  return store.rows(
    `SELECT s.labeler, count(*) AS labels,
       count(*) FILTER (s.preference IN ('version1', 'version2')
         AND (s.preference = 'version1') = (s.side_order = '12')) AS left,
       count(*) FILTER (s.preference IN ('version1', 'version2')
         AND (s.preference = 'version1') <> (s.side_order = '12')) AS right,
       count(again.preference) AS repeated,
       count(*) FILTER (again.preference = s.preference) AS repeated_alike,
       count(judged.truth) AS tested,
       count(*) FILTER (s.preference = judged.truth) AS tests_for,
       count(*) FILTER (${wrong("s.preference")}) AS tests_against,
       count(*) FILTER (s.preference = judged.truth AND NOT s.saw_tests) AS unseen_for,
       count(*) FILTER (${wrong("s.preference")} AND NOT s.saw_tests) AS unseen_against,
       count(*) FILTER (s.correctness = judged.truth) AS correctness_for,
       count(*) FILTER (${wrong("s.correctness")}) AS correctness_against,
       count(gold.preference) AS gold,
       count(*) FILTER (gold.preference = s.preference) AS gold_right
     FROM said s
     LEFT JOIN said again ON again.labeler = s.labeler AND again.pair = s.pair AND again.nth = 2
     LEFT JOIN judged ON judged.pair = s.pair
     LEFT JOIN gold ON gold.pair = s.pair
     WHERE s.nth = 1 GROUP BY s.labeler ORDER BY s.labeler`,
  );
}

/** By how much the longer code is longer: at least so many times as long as the shorter one. */
export const LENGTH_RATIOS = [1, 1.1, 1.25, 1.5, 2] as const;

/** Kinds of pairs by who won, the longer or the shorter code. */
export type LengthRow = LengthTally & {
  /** Index in {@link LENGTH_RATIOS}. */
  ratio: number;
  both_pass: boolean;
};

/** For length bias: choices for the longer and the shorter code, in characters. Equal lengths are left out. */
export function readLengths(store: Store): Promise<LengthRow[]> {
  const ratio = LENGTH_RATIOS.slice(1).map((r) => `(n1 >= ${r} * n2 OR n2 >= ${r} * n1)::INTEGER`);
  return store.rows(
    `WITH lengths AS (
       SELECT p.id AS pair, length(g1.code) AS n1, length(g2.code) AS n2
       FROM pairs p JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
     ),
     choices AS (
       SELECT l.pair, any_value(${ratio.join(" + ")}) AS ratio,
         count(*) FILTER ((s.preference = 'version1') = (n1 > n2)) AS longer,
         count(*) FILTER ((s.preference = 'version1') = (n1 < n2)) AS shorter
       FROM said s JOIN lengths l ON l.pair = s.pair
       WHERE s.nth = 1 AND s.preference IN ('version1', 'version2') AND n1 <> n2 GROUP BY l.pair
     )
     SELECT ratio, coalesce(both_pass, false) AS both_pass, longer, shorter, count(*) AS pairs
     FROM choices LEFT JOIN judged USING (pair) GROUP BY ALL ORDER BY ALL`,
  );
}

/** For Bradley–Terry: labels of pairs whose versions two different models wrote. */
export function readDuels(store: Store): Promise<DuelTally[]> {
  return store.rows(
    `WITH votes AS (
       SELECT pair, count(*) FILTER (preference = 'version1') AS one,
         count(*) FILTER (preference = 'version2') AS two, count(*) AS labels
       FROM said WHERE nth = 1 GROUP BY pair
     ),
     duels AS (
       SELECT least(g1.model, g2.model) AS first, greatest(g1.model, g2.model) AS second,
         CASE WHEN g1.model < g2.model THEN one ELSE two END AS wins,
         CASE WHEN g1.model < g2.model THEN two ELSE one END AS losses,
         labels - one - two AS ties
       FROM votes JOIN pairs p ON p.id = votes.pair
       JOIN generations g1 ON g1.id = p.version1 JOIN generations g2 ON g2.id = p.version2
       WHERE g1.model <> g2.model
     )
     SELECT *, count(*) AS pairs FROM duels GROUP BY ALL ORDER BY ALL`,
  );
}

function perMeasure<T extends { measure: Measure }>(rows: readonly T[]): Record<Measure, T[]> {
  return Object.fromEntries(
    MEASURES.map((m) => [m, rows.filter(({ measure }) => measure === m)]),
  ) as Record<Measure, T[]>;
}
