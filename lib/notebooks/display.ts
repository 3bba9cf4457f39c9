/**
 * Shows things in a notebook. What these functions return is shown when it is the last expression of a cell,
 * or with `await Deno.jupyter.display(…)`.
 *
 * @module
 */

import { onPaper } from "@/lib/charts/paper.ts";
import { markdownTable } from "@/lib/markdown.ts";

type Displayable = Deno.jupyter.Displayable;

/**
 * A figure: the SVG text of a chart. It gets paper of its own, because JupyterLab shows it as a picture, which
 * does not take the colours of a dark page.
 */
export function figure(svg: string): Displayable {
  const title = svg.match(/<title>(.*?)<\/title>/)?.[1] ?? "Figure";
  return displayable({ "image/svg+xml": onPaper(svg), "text/plain": title });
}

/** Rows as a table. @param columns which, in this order; default those of the first row */
export function table(rows: readonly object[], columns?: readonly string[]): Displayable {
  if (rows.length === 0) return markdown("*none*");
  const names = columns ?? Object.keys(rows[0]);
  const cells = rows.map((row) =>
    names.map((name) => cellText((row as Record<string, unknown>)[name]))
  );
  return markdown(
    markdownTable({ head: names.map(cellText), rows: cells, textColumns: names.length }),
  );
}

/** Program text, or the difference of two (`language` diff). */
export function code(text: string, language = "python"): Displayable {
  const fence = "`".repeat(
    Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)),
  );
  return markdown(`${fence}${language}\n${text.trimEnd()}\n${fence}`);
}

/** A piece of text within a table or a sentence, as it is; line ends become ⏎. */
export function inline(text: string): string {
  const fence = "`".repeat(
    Math.max(1, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)),
  );
  return `${fence} ${text.replaceAll("\n", "⏎")} ${fence}`;
}

/** Markdown. */
export function markdown(text: string): Displayable {
  return displayable({ "text/markdown": text, "text/plain": text });
}

/** A place in the output that is written anew, for what changes while a cell runs. */
export class Place {
  readonly #id = crypto.randomUUID();
  #shown = false;

  /** Replaces what the place shows. */
  async show(what: Displayable): Promise<void> {
    await Deno.jupyter.display(what, { display_id: this.#id, update: this.#shown });
    this.#shown = true;
  }
}

function displayable(bundle: Record<string, string>): Displayable {
  return { [Deno.jupyter.$display]: () => bundle } as Displayable;
}

function cellText(value: unknown): string {
  const text = typeof value === "number" && !Number.isInteger(value)
    ? value.toPrecision(4)
    : String(value ?? "");
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}
