/**
 * Pieces of Markdown that pages, cards and notebooks are written of.
 *
 * @module
 */

/** Cells as Markdown. */
export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** So many columns are set to the left, the others, of numbers, to the right; default 1. */
  textColumns?: number;
}

/** A table's lines. */
export function markdownTable({ head, rows, textColumns = 1 }: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, c) => c < textColumns ? "---" : "---:");
  return [row(head), row(rule), ...rows.map(row)].join("\n");
}

/** A text that is shown as it is, whatever it holds; in one line, so that it fits a cell. */
export const plain = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>|~#]/g, "\\$&");
