/**
 * One figure: Observable Plot's marks as an SVG string that stands on its own.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** What every figure has beside its marks. */
export interface FigureOptions {
  /** Read out by screen readers, and shown when pointed at. */
  title: string;
  marks: Plot.Markish[];
  /** Names in the margin on the right, top down. */
  legend?: { name: string; color: string; dashed?: boolean }[];
  x?: Plot.ScaleOptions;
  y?: Plot.ScaleOptions;
  height?: number;
  marginLeft?: number;
  /** Default 24, or the legend's width. */
  marginRight?: number;
}

const WIDTH = 640;
const LEGEND_WIDTH = 120;

/**
 * An SVG without styles or scripts of its own, so that it passes any content security policy: text and axes
 * take the surrounding `color`, the class `figure` is there for rules such as `max-width`. Width 640, `height`
 * 260 unless said otherwise, in CSS pixels.
 */
export function figure(options: FigureOptions): string {
  const { title, marks, legend = [], x, y, height = 260, marginLeft = 56 } = options;
  const { marginRight = legend.length > 0 ? LEGEND_WIDTH : 24 } = options;
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({
    document: document as unknown as Document,
    className: "figure",
    width: WIDTH,
    height,
    marginLeft,
    marginTop: 28,
    marginBottom: 40,
    marginRight,
    style: { fontSize: "12px" },
    x,
    y,
    marks: [...marks, ...legend.flatMap(legendEntry)],
  });
  svg.removeAttribute("style");
  svg.setAttribute("font-size", "12");
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", title);
  svg.querySelector("style")?.remove();
  // A picture is read out by its title alone; names of its parts are not allowed without roles of their own.
  for (const part of svg.querySelectorAll("g[aria-label]")) {
    part.setAttribute("data-mark", part.getAttribute("aria-label")!);
    part.removeAttribute("aria-label");
  }
  const label = document.createElementNS("http://www.w3.org/2000/svg", "title");
  label.textContent = title;
  svg.prepend(label as unknown as Node);
  return svg.outerHTML;
}

/** Dashes as well as colours tell series apart, here and in the lines. */
export const DASHES = "6 4";

function legendEntry(
  { name, color, dashed }: { name: string; color: string; dashed?: boolean },
  row: number,
): Plot.Markish[] {
  const place = { frameAnchor: "top-right", textAnchor: "start", dy: 6 + row * 18 } as const;
  return [
    Plot.text([dashed ? "╍╍" : "━━"], { ...place, dx: 10, fill: color }),
    Plot.text([name], { ...place, dx: 40 }),
  ];
}

/** A figure that says that there is nothing to show yet. */
export function emptyFigure(title: string): string {
  return figure({
    title,
    height: 100,
    marks: [Plot.text([`${title}: no data yet`], { frameAnchor: "middle" })],
  });
}
