/**
 * One metric of several runs.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DASHES, emptyFigure, figure } from "@/lib/charts/figure.ts";
import { metricPoints, type MetricRecord } from "@/lib/charts/metric-lines.ts";
import { BLUE, GREEN, ORANGE, PURPLE } from "@/lib/charts/palette.ts";

/** A run and its lines of metrics.jsonl. */
export interface ComparedRun {
  name: string;
  records: readonly MetricRecord[];
}

const COLORS = [BLUE, ORANGE, GREEN, PURPLE];

/** A line for each run, every second one dashed. `yLabel` names the unit. */
export function compareRuns(
  runs: readonly ComparedRun[],
  { title, metric, yLabel }: { title: string; metric: string; yLabel: string },
): string {
  const series = runs.map(({ name, records }, i) => ({
    name,
    color: COLORS[i % COLORS.length],
    dashed: i % 2 === 1,
    points: metricPoints(records, metric),
  })).filter(({ points }) => points.length > 0);
  if (series.length === 0) return emptyFigure(title);
  return figure({
    title,
    legend: series,
    y: { nice: true },
    marks: [
      Plot.gridY({ strokeOpacity: 0.15 }),
      Plot.axisY({ label: yLabel, labelArrow: "none" }),
      Plot.axisX({ label: "examples seen", ticks: 6 }),
      ...series.flatMap(({ points, color, dashed }) => [
        Plot.line(points, {
          x: "examples",
          y: "value",
          stroke: color,
          strokeWidth: 1.8,
          strokeDasharray: dashed ? DASHES : undefined,
        }),
        Plot.dot(points, { x: "examples", y: "value", fill: color, r: 2.5 }),
      ]),
    ],
  });
}
