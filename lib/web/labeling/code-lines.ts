/**
 * Highlighted code, line by line, and what differs between two codes.
 *
 * @module
 */
import { diffArrays } from "diff";

/** Lines of a pane: each an index into the code's lines, or null for a gap that keeps the sides level. */
export interface PaneLine {
  line: number | null;
  /** Whether the other side has no such line here. */
  changed: boolean;
}

const LONGEST_DIFF_MS = 400;

/** Splits highlighted code into lines that each are whole HTML: spans over several lines are closed and reopened. */
export function htmlLines(html: string): string[] {
  const open: string[] = [];
  return html.split("\n").map((line) => {
    const before = open.join("");
    for (const [tag] of line.matchAll(/<\/?span[^>]*>/g)) {
      if (tag.startsWith("</")) open.pop();
      else open.push(tag);
    }
    return before + line + "</span>".repeat(open.length);
  });
}

/** The lines as they are, with nothing compared. */
export function plainLines(lines: readonly string[]): PaneLine[] {
  return lines.map((_, line) => ({ line, changed: false }));
}

/**
 * Sets the lines of two codes level and says which differ; white space at the end of a line does not count.
 * @param a HTML of the lines, as {@link htmlLines} gives it
 * @returns null when the codes are too long and too different to compare them in time
 */
export function compareLines(
  a: readonly string[],
  b: readonly string[],
): { a: PaneLine[]; b: PaneLine[] } | null {
  const texts = (lines: readonly string[]) =>
    lines.map((line) => line.replace(/<[^>]*>/g, "").trimEnd());
  const parts = diffArrays(texts(a), texts(b), { timeout: LONGEST_DIFF_MS });
  if (!parts) return null;
  const left: PaneLine[] = [], right: PaneLine[] = [];
  let atA = 0, atB = 0;
  const level = () => {
    const longer = left.length > right.length ? left : right;
    const shorter = longer === left ? right : left;
    while (shorter.length < longer.length) shorter.push({ line: null, changed: false });
  };
  for (const { added, removed, count } of parts) {
    if (!added && !removed) level();
    for (let i = 0; i < count; i++) {
      if (!added) left.push({ line: atA++, changed: removed });
      if (!removed) right.push({ line: atB++, changed: added });
    }
  }
  level();
  return { a: left, b: right };
}
