/**
 * Figures of counts.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { emptyFigure, figure } from "@/lib/charts/figure.ts";
import { BLUE, GREEN, ORANGE } from "@/lib/charts/palette.ts";

const VERDICTS = ["pass", "wrong", "error", "timeout", "memory", "killed"];
const DIFFICULTIES = ["easy", "medium", "hard", "unknown"];

/** How many answers got which verdict of the unit tests. */
export function verdictBars(counts: readonly { verdict: string; count: number }[]): string {
  return bars({
    title: "Verdicts of the unit tests",
    unit: "answers",
    order: VERDICTS,
    counts: counts.map(({ verdict, count }) => ({ name: verdict, count })),
    color: (name) => (name === "pass" ? GREEN : ORANGE),
  });
}

/** How many questions there are of each difficulty; `unit` says what else is counted. */
export function difficultyBars(
  counts: readonly { difficulty: string; count: number }[],
  unit = "questions",
): string {
  return bars({
    title: `Difficulty of ${unit}`,
    unit,
    order: DIFFICULTIES,
    counts: counts.map(({ difficulty, count }) => ({ name: difficulty, count })),
    color: () => BLUE,
  });
}

/** How many pairs were decided by which part of their labelers, as in `2 of 3`, in the order given. */
export function voteBars(counts: readonly { votes: string; count: number }[]): string {
  return bars({
    title: "Labelers who preferred the chosen answer",
    unit: "pairs",
    order: [],
    counts: counts.map(({ votes, count }) => ({ name: votes, count })),
    color: () => BLUE,
  });
}

function bars({ title, unit, order, counts, color }: {
  title: string;
  unit: string;
  order: string[];
  counts: { name: string; count: number }[];
  color: (name: string) => string;
}): string {
  if (counts.length === 0) return emptyFigure(title);
  const named = new Set(counts.map(({ name }) => name));
  const domain = [...order.filter((name) => named.has(name)), ...named].filter((name, i, all) =>
    all.indexOf(name) === i
  );
  return figure({
    title,
    height: 72 + 28 * domain.length,
    marginLeft: 72,
    marginRight: 64,
    x: { nice: true, domain: [0, Math.max(1, ...counts.map(({ count }) => count))] },
    y: { type: "band", domain, padding: 0.25 },
    marks: [
      Plot.axisX({ label: unit, ticks: 6, tickFormat: ",d" }),
      Plot.axisY({ label: null, tickSize: 0 }),
      Plot.barX(counts, { x: "count", y: "name", fill: ({ name }) => color(name) }),
      Plot.text(counts, {
        x: "count",
        y: "name",
        text: ({ count }) => count.toLocaleString("en"),
        textAnchor: "start",
        dx: 4,
      }),
      Plot.ruleX([0]),
    ],
  });
}
