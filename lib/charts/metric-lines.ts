/**
 * Lines over the examples that training has seen.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DASHES, emptyFigure, figure } from "@/lib/charts/figure.ts";
import { thin } from "@/lib/charts/thin.ts";

/** One line of a run's metrics.jsonl: `examples` and metrics by their names. */
export type MetricRecord = Record<string, unknown> & { examples?: unknown };

/** One line of a figure. */
export interface Series {
  /** Name of the metric. */
  metric: string;
  /** Name in the legend. */
  name: string;
  color: string;
  dashed?: boolean;
  /** What the metric's values are multiplied with; default 1. */
  factor?: number;
}

/** Finite values of one metric with where they were measured. */
export function metricPoints(
  records: readonly MetricRecord[],
  metric: string,
): { examples: number; value: number }[] {
  return records.flatMap((record) => {
    const { examples, [metric]: value } = record;
    return Number.isFinite(examples) && Number.isFinite(value)
      ? [{ examples: examples as number, value: value as number }]
      : [];
  });
}

/** Above so many points the line alone is drawn. */
const MOST_DOTS = 40;

/** A figure of one or more metrics. `rule`: a value worth comparing with, and what it means. */
export function metricLines(
  records: readonly MetricRecord[],
  options: {
    title: string;
    yLabel: string;
    series: Series[];
    rule?: { value: number; name: string };
    yDomain?: [number, number];
  },
): string {
  const { title, yLabel, rule, yDomain } = options;
  const series = options.series
    .map((s) => ({ ...s, points: thin(metricPoints(records, s.metric)) }))
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return emptyFigure(title);
  const marks: Plot.Markish[] = [
    Plot.gridY({ strokeOpacity: 0.15 }),
    Plot.axisY({ label: yLabel, labelArrow: "none" }),
    Plot.axisX({ label: "examples seen", ticks: 6 }),
  ];
  if (rule) {
    marks.push(
      Plot.ruleY([rule.value], { strokeDasharray: "2 3", strokeOpacity: 0.7 }),
      Plot.text([rule.name], {
        y: [rule.value],
        frameAnchor: "right",
        dy: -7,
        dx: -4,
        textAnchor: "end",
        fillOpacity: 0.8,
      }),
    );
  }
  for (const { points, color, dashed, factor = 1 } of series) {
    const y = (point: { value: number }) => point.value * factor;
    marks.push(Plot.line(points, {
      x: "examples",
      y,
      stroke: color,
      strokeWidth: 1.8,
      strokeDasharray: dashed ? DASHES : undefined,
    }));
    if (points.length <= MOST_DOTS) {
      marks.push(Plot.dot(points, { x: "examples", y, fill: color, r: 2.5 }));
    }
  }
  return figure({
    title,
    marks,
    legend: series.length > 1 ? series : [],
    x: { nice: false },
    y: yDomain ? { domain: yDomain } : { nice: true },
  });
}
