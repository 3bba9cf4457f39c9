/**
 * Figures of where time goes.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { emptyFigure, figure } from "@/lib/charts/figure.ts";
import { BLUE, ORANGE } from "@/lib/charts/palette.ts";

/** One bar: so much of it in matrix products, the rest in everything else. */
export interface TimeBar {
  name: string;
  milliseconds: number;
  productMilliseconds: number;
}

const PRODUCTS = "products", REST = "the rest";

/** A bar for each entry, in the order given. */
export function timeBars(title: string, bars: readonly TimeBar[]): string {
  if (bars.length === 0) return emptyFigure(title);
  const pieces = bars.flatMap(({ name, milliseconds, productMilliseconds }) => [
    { name, kind: PRODUCTS, milliseconds: productMilliseconds },
    { name, kind: REST, milliseconds: milliseconds - productMilliseconds },
  ]);
  return figure({
    title,
    height: 72 + 20 * bars.length,
    marginLeft: 24 + 6.5 * Math.max(...bars.map(({ name }) => name.length)),
    legend: [{ name: PRODUCTS, color: BLUE }, { name: REST, color: ORANGE }],
    x: { nice: true, domain: [0, Math.max(1, ...bars.map((bar) => bar.milliseconds))] },
    y: { type: "band", domain: bars.map(({ name }) => name), padding: 0.2 },
    marks: [
      Plot.axisX({ label: "milliseconds", ticks: 6 }),
      Plot.axisY({ label: null, tickSize: 0 }),
      Plot.barX(pieces, {
        x: "milliseconds",
        y: "name",
        fill: ({ kind }: { kind: string }) => kind === PRODUCTS ? BLUE : ORANGE,
        order: [PRODUCTS, REST],
        z: "kind",
      }),
      Plot.ruleX([0]),
    ],
  });
}
