/**
 * Figures of labels: how far people agree, what biases they have, and how fast they are. Shares are fractions.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { emptyFigure, figure } from "@/lib/charts/figure.ts";
import { cut, type IntervalOptions, type IntervalRow, intervals } from "@/lib/charts/intervals.ts";
import { BLUE, GREEN, ORANGE, PURPLE } from "@/lib/charts/palette.ts";

const NO_BIAS = { value: 0.5, name: "no bias", wanted: "at" } as const;

/** Krippendorff's alpha of each criterion. */
export const alphaFigure = (rows: readonly IntervalRow[]): string =>
  intervals(rows, {
    title: "Agreement of all labelers",
    xLabel: "Krippendorff's alpha (95 % interval)",
    rule: { value: 0, name: "chance", wanted: "above" },
    domain: [Math.min(0, ...rows.map(({ low }) => low)), 1],
  });

/** Cohen's kappa of twos of labelers. */
export const kappaFigure = (rows: readonly IntervalRow[]): string =>
  intervals(rows, {
    title: "Agreement of two labelers",
    xLabel: "Cohen's kappa of the preference (95 % interval)",
    rule: { value: 0, name: "chance", wanted: "above" },
    domain: [Math.min(0, ...rows.map(({ low }) => low)), 1],
  });

/** How often each labeler chose the left side. */
export const sideBiasFigure = (rows: readonly IntervalRow[]): string =>
  shares(rows, "Left-side bias", "choices of the left side (%, 95 % interval)", NO_BIAS);

/** How often each labeler said the same again. */
export const consistencyFigure = (rows: readonly IntervalRow[]): string =>
  shares(rows, "Self-consistency", "same preference when shown again (%, 95 % interval)");

/** How often preferences agree with the unit tests. */
export const testAgreementFigure = (rows: readonly IntervalRow[]): string =>
  shares(
    rows,
    "Agreement with the unit tests",
    "choices of the version that passes (%, 95 % interval)",
    { value: 0.5, name: "chance", wanted: "above" },
  );

/** How often gold pairs were labeled right. */
export const goldFigure = (rows: readonly IntervalRow[]): string =>
  shares(rows, "Gold pairs", "gold pairs labeled right (%, 95 % interval)");

/** How often the longer code won. */
export const lengthBiasFigure = (rows: readonly IntervalRow[]): string =>
  shares(rows, "Length bias", "choices of the longer code (%, 95 % interval)", NO_BIAS);

/** Bradley–Terry strengths of models. */
export const strengthFigure = (rows: readonly IntervalRow[]): string =>
  intervals(rows, {
    title: "Strength of models",
    xLabel: "Bradley–Terry strength (log-odds, 95 % interval)",
    rule: { value: 0, name: "average" },
  });

function shares(
  rows: readonly IntervalRow[],
  title: string,
  xLabel: string,
  rule?: IntervalOptions["rule"],
): string {
  return intervals(rows, { title, xLabel, rule, domain: [0, 1], percent: true });
}

/** Labels an hour of work, one bar a labeler. */
export function paceFigure(rows: readonly { labeler: string; perHour: number }[]): string {
  const title = "Labels per hour of work";
  if (rows.length === 0) return emptyFigure(title);
  const names = rows.map(({ labeler }) => cut(labeler));
  const bars = rows.map(({ perHour }, row) => ({ row, perHour }));
  return figure({
    title,
    height: 72 + 24 * rows.length,
    marginLeft: 28 + 7 * Math.max(...names.map((name) => name.length)),
    marginRight: 64,
    x: { nice: true, domain: [0, Math.max(1, ...rows.map(({ perHour }) => perHour))] },
    y: { type: "band", domain: bars.map(({ row }) => row), padding: 0.25 },
    marks: [
      Plot.axisX({ label: "labels per hour of active time", ticks: 6 }),
      Plot.axisY({ label: null, tickSize: 0, tickFormat: (row: number) => names[row] }),
      Plot.barX(bars, { x: "perHour", y: "row", fill: BLUE }),
      Plot.text(bars, {
        x: "perHour",
        y: "row",
        text: ({ perHour }: { perHour: number }) => String(Math.round(perHour)),
        textAnchor: "start",
        dx: 4,
      }),
      Plot.ruleX([0]),
    ],
  });
}

/** Labels of one labeler in a span of time that begins at `from` (ISO 8601). */
export interface TimeLineCount {
  from: string;
  labeler: string;
  labels: number;
}

const REST = "others";
const NAMED = [BLUE, ORANGE, GREEN];

/**
 * Labels over time, one stack a span, the three who labeled most by name.
 * @param span what a stack spans, and how many hours that is
 */
export function timeLineFigure(
  counts: readonly TimeLineCount[],
  span: { name: string; hours: number },
): string {
  const title = "Labels over time";
  if (counts.length === 0) return emptyFigure(title);
  const totals = new Map<string, number>();
  for (const { labeler, labels } of counts) {
    totals.set(labeler, (totals.get(labeler) ?? 0) + labels);
  }
  const ranked = [...totals].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const named = ranked.slice(0, NAMED.length).map(([labeler]) => labeler);
  const colors = new Map(named.map((labeler, i) => [labeler, NAMED[i]]));
  const stacks = counts.map(({ from, labeler, labels }) => ({
    x1: new Date(from),
    x2: new Date(Date.parse(from) + span.hours * 3_600_000),
    group: named.indexOf(labeler) < 0 ? NAMED.length : named.indexOf(labeler),
    labels,
  })).sort((a, b) => a.group - b.group);
  const rest = ranked.length > named.length ? [{ name: REST, color: PURPLE }] : [];
  return figure({
    title,
    legend: [
      ...named.map((labeler) => ({ name: cut(labeler, 12), color: colors.get(labeler)! })),
      ...rest,
    ],
    x: { type: "utc" },
    y: { nice: true },
    marks: [
      Plot.gridY({ strokeOpacity: 0.15 }),
      Plot.axisY({ label: `labels per ${span.name}`, labelArrow: "none" }),
      Plot.axisX({
        label: "time (UTC)",
        ticks: 3,
        labelArrow: "none",
        tickFormat: (time: Date) =>
          span.hours < 24
            ? time.toISOString().slice(5, 16).replace("T", " ")
            : time.toISOString().slice(0, 10),
      }),
      Plot.rectY(stacks, {
        x1: "x1",
        x2: "x2",
        y: "labels",
        z: "group",
        inset: 0.25,
        fill: ({ group }: { group: number }) => [...NAMED, PURPLE][group],
      }),
      Plot.ruleY([0]),
    ],
  });
}
