/**
 * Tables as CSV (RFC 4180) that a spreadsheet reads as data.
 *
 * @module
 */

/** What a text may not begin with: spreadsheets take it for a formula, and run it. */
export const FORMULA = /^[=+\-@\t\r\n]/;

/**
 * Rows with a heading. Texts that a spreadsheet would take for a formula get an apostrophe in front, as OWASP
 * recommends; numbers stay numbers.
 */
export function csvOf(rows: readonly Record<string, string | number | null>[]): string {
  if (rows.length === 0) return "";
  const names = Object.keys(rows[0]);
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
