/**
 * All statistics of a database's labels in one look.
 *
 * @module
 */
import { bradleyTerry, type ModelStrength } from "@/lib/labels/statistics/bradley-terry.ts";
import type { BootstrapOptions } from "@/lib/labels/statistics/bootstrap.ts";
import { cohenKappa } from "@/lib/labels/statistics/cohen-kappa.ts";
import { type Disagreement, readDisagreements } from "@/lib/labels/statistics/disagreements.ts";
import { type Estimate, proportion } from "@/lib/labels/statistics/estimate.ts";
import { type Flag, labelerFlags } from "@/lib/labels/statistics/flags.ts";
import { krippendorffAlpha } from "@/lib/labels/statistics/krippendorff.ts";
import { lengthBias } from "@/lib/labels/statistics/length-bias.ts";
import { type Measure, MEASURES } from "@/lib/labels/statistics/measures.ts";
import {
  type Pace,
  readPace,
  readTimeLine,
  type Span,
  type SpanCount,
} from "@/lib/labels/statistics/pace.ts";
import { type SideBias, sideBias } from "@/lib/labels/statistics/side-bias.ts";
import {
  countTwos,
  type LabelerCounts,
  LENGTH_RATIOS,
  readAgreements,
  readAgreementsWithOthers,
  readDuels,
  readLabelerCounts,
  readLengths,
  readVerdictCounts,
  withCounted,
} from "@/lib/labels/statistics/tallies.ts";
import type { Store } from "@/lib/store/store.ts";

/** What the statistics are computed from. */
export interface QualityCounts {
  totals: {
    /** Labels of people that stand, second showings among them. */
    labels: number;
    pairs: number;
    /** Pairs with labels of two or more people. */
    shared: number;
  };
  verdicts: Awaited<ReturnType<typeof readVerdictCounts>>;
  agreements: Awaited<ReturnType<typeof readAgreements>>;
  /** Twos of labelers that share pairs, those beyond `agreements` among them. */
  twos: number;
  others: Awaited<ReturnType<typeof readAgreementsWithOthers>>;
  labelers: LabelerCounts[];
  lengths: Awaited<ReturnType<typeof readLengths>>;
  duels: Awaited<ReturnType<typeof readDuels>>;
  pace: Pace[];
  timeLine: { span: Span; counts: SpanCount[] };
  disagreements: { total: number; list: Disagreement[] };
}

/** So many twos of labelers and so many disagreements are told. */
export const MOST_TWOS = 500;
export const MOST_DISAGREEMENTS = 50;

/** Reads what {@link qualityOf} computes with: short, so that others may have the database meanwhile. */
export function readQualityCounts(store: Store): Promise<QualityCounts> {
  return withCounted(store, async () => ({
    totals: (await store.row<QualityCounts["totals"]>(
      `SELECT count(*) AS labels, count(DISTINCT pair) AS pairs,
         (SELECT count(*) FROM (SELECT 1 FROM said WHERE nth = 1 GROUP BY pair HAVING count(*) > 1)) AS shared
       FROM said`,
    ))!,
    verdicts: await readVerdictCounts(store),
    agreements: await readAgreements(store, MOST_TWOS),
    twos: await countTwos(store),
    others: await readAgreementsWithOthers(store),
    labelers: await readLabelerCounts(store),
    lengths: await readLengths(store),
    duels: await readDuels(store),
    pace: await readPace(store),
    timeLine: await readTimeLine(store),
    disagreements: await readDisagreements(store, { limit: MOST_DISAGREEMENTS }),
  }));
}

/** What is known of one labeler. */
export interface LabelerQuality extends Pace {
  left: SideBias | null;
  self: Estimate | null;
  tests: Estimate | null;
  others: Estimate | null;
  gold: Estimate | null;
  flags: Flag[];
}

/** Cohen's kappa of two labelers. */
export interface Kappa {
  measure: Measure;
  first: string;
  second: string;
  estimate: Estimate;
}

/** All statistics. */
export interface Quality {
  totals: QualityCounts["totals"];
  /** Krippendorff's alpha; null where it cannot be computed. */
  alpha: { measure: Measure; estimate: Estimate | null }[];
  labelers: LabelerQuality[];
  kappas: Kappa[];
  /** Twos of labelers that are not in `kappas`, because others share more pairs. */
  twosLeftOut: number;
  /** All labelers together. */
  self: Estimate | null;
  gold: Estimate | null;
  /** Agreement with the unit tests: of the preference, of it where they had not been looked at, of correctness. */
  tests: { preference: Estimate | null; unseen: Estimate | null; correctness: Estimate | null };
  /** The share of choices for the longer code. */
  length: {
    all: Estimate | null;
    bothPass: Estimate | null;
    byRatio: { from: number; to: number | null; estimate: Estimate | null }[];
  };
  models: ModelStrength[];
  timeLine: QualityCounts["timeLine"];
  disagreements: QualityCounts["disagreements"];
}

/** Computes all statistics; the same counts and seed give the same numbers. */
export function qualityOf(counts: QualityCounts, options?: BootstrapOptions): Quality {
  const sum = (of: (labeler: LabelerCounts) => number) =>
    counts.labelers.reduce((total, labeler) => total + of(labeler), 0);
  const agreement = (right: (c: LabelerCounts) => number, wrong: (c: LabelerCounts) => number) =>
    proportion(sum(right), sum(right) + sum(wrong));
  const lengths = (rows: QualityCounts["lengths"]) => lengthBias(rows, options);
  return {
    totals: counts.totals,
    alpha: MEASURES.map((measure) => ({
      measure,
      estimate: krippendorffAlpha(counts.verdicts[measure], options),
    })),
    labelers: labelersOf(counts),
    kappas: kappasOf(counts),
    twosLeftOut: Math.max(0, counts.twos - MOST_TWOS),
    self: proportion(sum((c) => c.repeated_alike), sum((c) => c.repeated)),
    gold: proportion(sum((c) => c.gold_right), sum((c) => c.gold)),
    tests: {
      preference: agreement((c) => c.tests_for, (c) => c.tests_against),
      unseen: agreement((c) => c.unseen_for, (c) => c.unseen_against),
      correctness: agreement((c) => c.correctness_for, (c) => c.correctness_against),
    },
    length: {
      all: lengths(counts.lengths),
      bothPass: lengths(counts.lengths.filter(({ both_pass }) => both_pass)),
      byRatio: LENGTH_RATIOS.map((from, i) => ({
        from,
        to: LENGTH_RATIOS[i + 1] ?? null,
        estimate: lengths(counts.lengths.filter(({ ratio }) => ratio === i)),
      })),
    },
    models: bradleyTerry(counts.duels, options),
    timeLine: counts.timeLine,
    disagreements: counts.disagreements,
  };
}

function labelersOf({ labelers, others, pace }: QualityCounts): LabelerQuality[] {
  const counted = new Map(labelers.map((counts) => [counts.labeler, counts]));
  const majorities = Map.groupBy(others, ({ labeler }) => labeler);
  const known = pace.map((row) => {
    const c = counted.get(row.labeler);
    return {
      ...row,
      left: c ? sideBias(c) : null,
      self: c ? proportion(c.repeated_alike, c.repeated) : null,
      tests: c ? proportion(c.tests_for, c.tests_for + c.tests_against) : null,
      gold: c ? proportion(c.gold_right, c.gold) : null,
      others: cohenKappa(majorities.get(row.labeler) ?? []),
    };
  });
  const flags = labelerFlags(known);
  return known.map((labeler) => ({ ...labeler, flags: flags.get(labeler.labeler)! }));
}

function kappasOf({ agreements }: QualityCounts): Kappa[] {
  return MEASURES.flatMap((measure) => {
    const twos = Map.groupBy(
      agreements[measure],
      ({ first, second }) => JSON.stringify([first, second]),
    );
    return [...twos.values()].flatMap((rows) => {
      const estimate = cohenKappa(rows);
      const [{ first, second }] = rows;
      return estimate ? [{ measure, first, second, estimate }] : [];
    });
  });
}
