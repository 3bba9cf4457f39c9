/**
 * Whether the outputs of a notebook agree with those of another run of it.
 *
 * Cells tagged `volatile` show what depends on time, the machine, or on how much was asked for: there the kinds of
 * output have to agree and, where there are as many, the first columns of tables and the titles of figures. All others agree in every letter.
 *
 * @module
 */
import { readOutputs, type RunCell, type RunOutput } from "@/lib/notebooks/notebook.ts";

/** Tag of cells whose outputs may differ from run to run. */
export const VOLATILE = "volatile";

/**
 * What differs, a line each with the code cell's number; none: they agree.
 *
 * @param committed the notebook with the outputs that people see
 * @param executed a copy of it that was run again
 * @throws {InputError} a file is missing or is no notebook
 */
export async function outputDifferences(committed: string, executed: string): Promise<string[]> {
  const [kept, run] = [await readOutputs(committed), await readOutputs(executed)];
  return kept.flatMap((cell, index) => {
    const other = run.find(({ id }) => id === cell.id);
    const place = `${committed}, code cell ${index + 1}`;
    if (!other) return [`${place} is not in ${executed}.`];
    if (cell.source !== other.source) return [`${place} is another one in ${executed}.`];
    const what = difference(cell, other);
    return what ? [`${place}: ${what}`] : [];
  });
}

function difference(cell: RunCell, other: RunCell): string | undefined {
  const volatile = cell.tags.includes(VOLATILE);
  const shown = [cell, other].map(({ outputs }) => {
    const kinds = outputs.map(kindOf);
    return (volatile ? [...new Set(kinds)] : kinds).join(", ") || "nothing";
  });
  if (shown[0] !== shown[1]) return `shows ${shown[0]}, in this run ${shown[1]}`;
  // A volatile cell may show more figures in a longer run.
  if (cell.outputs.length !== other.outputs.length) return;
  for (const [i, output] of cell.outputs.entries()) {
    const texts = [output, other.outputs[i]].map(volatile ? outline : whole);
    // A table of what was found has no columns where nothing was.
    if (volatile && texts.includes("")) continue;
    if (texts[0] !== texts[1]) return firstDifference(texts[0], texts[1]);
  }
}

/** `text`, or the richest kind that a page shows. */
function kindOf(output: RunOutput): string {
  if (output.text !== undefined) return output.name === "stderr" ? "errors" : "text";
  const kinds = ["image/svg+xml", "image/png", "text/html", "text/markdown", "text/plain"];
  return kinds.find((kind) => kind in output.data!) ?? Object.keys(output.data!).join(" ");
}

const whole = (output: RunOutput): string => output.text ?? output.data![kindOf(output)];

/** What does not depend on how a run went. */
function outline(output: RunOutput): string {
  const text = whole(output);
  if (kindOf(output) === "image/svg+xml") return text.match(/<title>(.*?)<\/title>/)?.[1] ?? "";
  const [head, rule] = text.split("\n");
  // Later columns may be what was counted: statuses, runs that were asked for.
  return kindOf(output) === "text/markdown" && /^\|[-\s|:]+\|$/.test(rule ?? "")
    ? head.split("|")[1]
    : "";
}

function firstDifference(a: string, b: string): string {
  const lines = [a, b].map((text) => text.split("\n"));
  const at = lines[0].findIndex((line, i) => line !== lines[1][i]);
  const [left, right] = lines.map((side) =>
    (side[at < 0 ? side.length - 1 : at] ?? "").slice(0, 160)
  );
  return `shows "${left}", in this run "${right}"`;
}
