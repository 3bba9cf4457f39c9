/**
 * The figures of the quality page, each with the table that it draws.
 *
 * @module
 */
import {
  alphaFigure,
  consistencyFigure,
  goldFigure,
  kappaFigure,
  lengthBiasFigure,
  paceFigure,
  sideBiasFigure,
  strengthFigure,
  testAgreementFigure,
  timeLineFigure,
} from "@/lib/charts/labels.ts";
import type { IntervalRow } from "@/lib/charts/intervals.ts";
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";
import { SPANS } from "@/lib/labels/statistics/pace.ts";
import type { LabelerQuality, Quality } from "@/lib/labels/statistics/quality.ts";

/** One figure. */
export interface QualityFigure {
  /** Names it in addresses and file names. */
  name: string;
  title: string;
  /** How to read it, in a sentence or two. */
  caption: string;
  svg: string;
  /** What is drawn and, where a figure shows the first rows alone, the rest. */
  rows: Record<string, string | number | null>[];
}

/** So many rows are drawn, those with most observations. */
const MOST_ROWS = 24;

type Named = { name: string; estimate: Estimate | null };

/** All figures, in the order of the page. */
export function qualityFigures(quality: Quality): QualityFigure[] {
  const labelers = (of: (labeler: LabelerQuality) => Estimate | null): Named[] =>
    quality.labelers.map((row) => ({ name: row.labeler, estimate: of(row) }));
  const everybody = (estimate: Estimate | null): Named[] =>
    quality.labelers.length > 1 ? [{ name: "all together", estimate }] : [];
  return [
    estimates("alpha", "Agreement of all labelers", alphaFigure, {
      caption: "Krippendorff's alpha: 1 is perfect agreement, 0 what chance gives. From 0.8 on " +
        "labels are taken as reliable, from 0.67 on for tentative conclusions.",
      observations: "pairs",
      rows: quality.alpha.map(({ measure, estimate }) => ({ name: measure, estimate })),
    }),
    estimates("kappa", "Agreement of two labelers", kappaFigure, {
      caption: "Cohen's kappa of the preferences of two people on pairs that both labeled.",
      observations: "pairs",
      rows: quality.kappas.filter(({ measure }) => measure === "preference")
        .map(({ first, second, estimate }) => ({ name: `${first}, ${second}`, estimate })),
      most: true,
    }),
    estimates("left-side-bias", "Left-side bias", sideBiasFigure, {
      caption: "Sides are drawn by lot, so without a bias half of the choices go to the left.",
      observations: "choices",
      rows: labelers(({ left }) => left),
      most: true,
    }),
    estimates("self-consistency", "Self-consistency", consistencyFigure, {
      caption: "Pairs that were shown twice with the sides swapped, and got the same preference.",
      observations: "pairs",
      rows: [...labelers(({ self }) => self), ...everybody(quality.self)],
      most: true,
    }),
    estimates("unit-tests", "Agreement with the unit tests", testAgreementFigure, {
      caption:
        "Of pairs with one version that passes its tests and one that does not, how often the " +
        "one that passes was preferred, of the choices of either.",
      observations: "choices",
      rows: [
        { name: "all: preference", estimate: quality.tests.preference },
        { name: "all: tests not looked at", estimate: quality.tests.unseen },
        { name: "all: correctness", estimate: quality.tests.correctness },
        ...labelers(({ tests }) => tests),
      ],
    }),
    estimates("gold", "Gold pairs", goldFigure, {
      caption: "Pairs whose right label was settled beforehand, and how many were labeled so.",
      observations: "pairs",
      rows: [...labelers(({ gold }) => gold), ...everybody(quality.gold)],
      most: true,
    }),
    estimates("length-bias", "Length bias", lengthBiasFigure, {
      caption: "How often the longer code (in characters) was preferred. Longer code may be " +
        "better: where both versions pass their tests, it is so less often.",
      observations: "pairs",
      rows: [
        { name: "all pairs", estimate: quality.length.all },
        { name: "both pass their tests", estimate: quality.length.bothPass },
        ...quality.length.byRatio.map(({ from, to, estimate }) => ({
          name: to === null ? `${from} times as long or more` : `${from} to ${to} times as long`,
          estimate,
        })),
      ],
    }),
    estimates("models", "Strength of models", strengthFigure, {
      caption: "Bradley–Terry strengths: with 1 more, a model's solution is preferred in 73 % of " +
        "choices. The mean is 0; a tie is half a win for each.",
      observations: "labels",
      rows: quality.models.map(({ model, strength }) => ({ name: model, estimate: strength })),
      most: true,
    }),
    pace(quality),
    timeLine(quality),
  ];
}

function estimates(
  name: string,
  title: string,
  draw: (rows: readonly IntervalRow[]) => string,
  { caption, observations, rows, most = false }: {
    caption: string;
    /** What `n` counts. */
    observations: string;
    rows: readonly Named[];
    /** Whether the rows with most observations are drawn alone. */
    most?: boolean;
  },
): QualityFigure {
  const known = rows.flatMap(({ name, estimate }) => estimate ? [{ name, ...estimate }] : []);
  const drawn = most ? [...known].sort((a, b) => b.n - a.n).slice(0, MOST_ROWS) : known;
  const left = known.length - drawn.length;
  return {
    name,
    title,
    caption: left > 0
      ? `${caption} ${drawn.length} of ${known.length} rows are drawn, those that rest on most; ` +
        "the CSV file has all."
      : caption,
    svg: draw(drawn),
    rows: known.map(({ name, value, low, high, n }) => ({
      name,
      value,
      low,
      high,
      [observations]: n,
    })),
  };
}

function pace({ labelers }: Quality): QualityFigure {
  const timed = labelers.flatMap(({ labeler, perHour, labels }) =>
    perHour === null ? [] : [{ labeler, perHour, labels }]
  );
  const drawn = [...timed].sort((a, b) => b.labels - a.labels).slice(0, MOST_ROWS);
  return {
    name: "pace",
    title: "Labels per hour of work",
    caption: "Pauses of more than 30 seconds are no work. Time on skipped pairs counts.",
    svg: paceFigure(drawn),
    rows: labelers.map((row) => ({
      labeler: row.labeler,
      labels: row.labels,
      skips: row.skips,
      undone: row.undone,
      active_hours: row.activeHours,
      labels_per_hour: row.perHour,
      median_seconds: row.medianSeconds,
    })),
  };
}

function timeLine({ timeLine: { span, counts } }: Quality): QualityFigure {
  return {
    name: "time",
    title: "Labels over time",
    caption: `Decisions made, those that were changed later among them, by ${span}.`,
    svg: timeLineFigure(counts, { name: span, hours: SPANS[span] }),
    rows: counts.map((count) => ({ ...count })),
  };
}
