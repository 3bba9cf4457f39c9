/**
 * Figures of estimates with their intervals, one a row.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { emptyFigure, figure } from "@/lib/charts/figure.ts";
import { BLUE, ORANGE } from "@/lib/charts/palette.ts";

/** One estimate; fractions where the axis is in percent. */
export interface IntervalRow {
  name: string;
  value: number;
  low: number;
  high: number;
}

/** How estimates are drawn. */
export interface IntervalOptions {
  title: string;
  xLabel: string;
  /**
   * A value worth comparing with, and what it means. Where estimates should be `at` it or `above` it, those that
   * surely are not, or are not surely, are drawn in orange.
   */
  rule?: { value: number; name: string; wanted?: "at" | "above" };
  /** Ends of the axis; default: the intervals' and the rule's. */
  domain?: [number, number];
  /** Whether values are shares; they are drawn in percent. */
  percent?: boolean;
}

const LONGEST_NAME = 26;

/** A dot with a line from the lower to the upper end for each estimate, top down in the order given. */
export function intervals(rows: readonly IntervalRow[], options: IntervalOptions): string {
  const { title, xLabel, rule, domain, percent = false } = options;
  if (rows.length === 0) return emptyFigure(title);
  const factor = percent ? 100 : 1;
  // Two rows may have one name once it is cut: places are told apart by their numbers.
  const marks = rows.map((row, i) => ({
    row: i,
    value: factor * row.value,
    low: factor * row.low,
    high: factor * row.high,
    color: isFine(row, rule) ? BLUE : ORANGE,
  }));
  const names = rows.map(({ name }) => cut(name));
  const rules = rule ? [factor * rule.value] : [];
  const ends = [...marks.flatMap(({ low, high }) => [low, high]), ...rules];
  const color = (mark: { color: string }) => mark.color;
  return figure({
    title,
    height: 84 + 24 * rows.length,
    marginLeft: 28 + 7 * Math.max(...names.map((name) => name.length)),
    marginRight: 64,
    x: domain
      ? { domain: domain.map((end) => factor * end) }
      : { domain: [Math.min(...ends), Math.max(...ends)], nice: true },
    y: { type: "band", domain: marks.map(({ row }) => row), padding: 0.2 },
    marks: [
      Plot.gridX({ strokeOpacity: 0.15 }),
      Plot.axisX({ label: xLabel, ticks: 6, labelArrow: "none" }),
      Plot.axisY({ label: null, tickSize: 0, tickFormat: (row: number) => names[row] }),
      Plot.ruleX(rules, { strokeDasharray: "2 3", strokeOpacity: 0.7 }),
      Plot.text(rule ? [rule.name] : [], { x: rules, frameAnchor: "top", dy: -14 }),
      Plot.ruleY(marks, { y: "row", x1: "low", x2: "high", stroke: color, strokeWidth: 2 }),
      Plot.dot(marks, { y: "row", x: "value", fill: color, r: 4 }),
      Plot.text(marks, {
        y: "row",
        frameAnchor: "right",
        textAnchor: "start",
        dx: 8,
        text: ({ value }: { value: number }) =>
          percent ? `${Math.round(value)} %` : value.toFixed(2).replace("-", "−"),
      }),
    ],
  });
}

function isFine({ low, high }: IntervalRow, rule: IntervalOptions["rule"]): boolean {
  if (!rule?.wanted) return true;
  return rule.wanted === "above" ? low > rule.value : low <= rule.value && rule.value <= high;
}

/** A name that leaves room for the figure. */
export function cut(name: string, longest = LONGEST_NAME): string {
  const letters = [...name];
  return letters.length > longest ? letters.slice(0, longest - 1).join("") + "…" : name;
}
