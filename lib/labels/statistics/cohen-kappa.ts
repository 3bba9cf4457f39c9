/**
 * Cohen's kappa: how far two labelers agree beyond chance on what both have labeled.
 *
 * @module
 */
import { type Estimate, Z } from "@/lib/labels/statistics/estimate.ts";

/** How often the first said `a` where the second said `b`. */
export interface Agreement {
  a: string;
  b: string;
  count: number;
}

/**
 * κ = (p_o − p_e)/(1 − p_e), with p_o the share of equal verdicts and p_e = Σ_i p_i· p_·i. 1: perfect; 0: chance.
 *
 * J. Cohen, "A coefficient of agreement for nominal scales", 1960. The interval is κ ± 1.96 standard errors of
 * J. L. Fleiss, J. Cohen and B. S. Everitt, "Large sample standard errors of kappa and weighted kappa", 1969;
 * it is too narrow below about 30 pairs, and a point where all verdicts are equal.
 *
 * @returns null without pairs, or where both gave one and the same verdict throughout; `n`: pairs
 */
export function cohenKappa(table: readonly Agreement[]): Estimate | null {
  const n = table.reduce((sum, { count }) => sum + count, 0);
  const rows: Record<string, number> = {}, columns: Record<string, number> = {};
  for (const { a, b, count } of table) {
    rows[a] = (rows[a] ?? 0) + count / n;
    columns[b] = (columns[b] ?? 0) + count / n;
  }
  const share = (shares: Record<string, number>, verdict: string) => shares[verdict] ?? 0;
  const observed = table.reduce((sum, { a, b, count }) => sum + (a === b ? count / n : 0), 0);
  const expected = Object.entries(rows).reduce((sum, [v, p]) => sum + p * share(columns, v), 0);
  if (n === 0 || 1 - expected < 1e-12) return null;
  const value = (observed - expected) / (1 - expected);

  let spread = -((value - expected * (1 - value)) ** 2);
  for (const { a, b, count } of table) {
    spread += a === b
      ? count / n * (1 - (rows[a] + columns[a]) * (1 - value)) ** 2
      : count / n * (1 - value) ** 2 * (share(columns, a) + share(rows, b)) ** 2;
  }
  const error = Math.sqrt(Math.max(0, spread) / n) / (1 - expected);
  return { value, low: Math.max(-1, value - Z * error), high: Math.min(1, value + Z * error), n };
}
