/**
 * Figures of ratios.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { emptyFigure, figure } from "@/lib/charts/figure.ts";
import { BLUE, ORANGE } from "@/lib/charts/palette.ts";

/** A ratio of several rounds: the middle one and the range. */
export interface RatioBar {
  name: string;
  median: number;
  min: number;
  max: number;
}

/** A bar for each ratio with its range as a line; the rule at 1 is where both are equal. */
export function ratioBars(title: string, ratios: readonly RatioBar[]): string {
  if (ratios.length === 0) return emptyFigure(title);
  return figure({
    title,
    height: 72 + 32 * ratios.length,
    marginLeft: 128,
    marginRight: 64,
    x: { nice: true, domain: [0, Math.max(1, ...ratios.map(({ max }) => max))] },
    y: { type: "band", domain: ratios.map(({ name }) => name), padding: 0.3 },
    marks: [
      Plot.axisX({ label: title, ticks: 6, tickFormat: (x: number) => `${x}×` }),
      Plot.axisY({ label: null, tickSize: 0 }),
      Plot.barX(ratios, { x: "median", y: "name", fill: BLUE }),
      Plot.ruleY(ratios, {
        x1: "min",
        x2: "max",
        y: "name",
        stroke: "currentColor",
        strokeWidth: 2,
      }),
      Plot.text(ratios, {
        x: "max",
        y: "name",
        text: ({ median }: RatioBar) => `${median.toFixed(1)}×`,
        textAnchor: "start",
        dx: 6,
      }),
      Plot.ruleX([0]),
      Plot.ruleX([1], { stroke: ORANGE, strokeDasharray: "6 4" }),
    ],
  });
}
