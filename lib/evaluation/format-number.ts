/** Whole numbers with separators, others with four significant digits. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e4
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(4)));
}
