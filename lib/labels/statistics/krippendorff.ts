/**
 * Krippendorff's alpha for nominal verdicts: how far all labelers agree beyond chance, whoever labeled what.
 *
 * @module
 */
import { bootstrapEstimate, type BootstrapOptions } from "@/lib/labels/statistics/bootstrap.ts";
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";

/** Pairs that got each verdict equally often. */
export interface VerdictCounts {
  /** How many labelers gave each verdict, in one order of verdicts for all. */
  counts: readonly number[];
  /** How many pairs got these counts. */
  pairs: number;
}

/**
 * α = 1 − (n − 1) · Σ_u [Σ_{c≠k} n_uc n_uk / (m_u − 1)] / Σ_{c≠k} n_c n_k, with n_uc the number of labelers who gave
 * pair u verdict c, m_u = Σ_c n_uc, n_c = Σ_u n_uc and n = Σ_c n_c over pairs with two or more labels. 1: perfect
 * agreement; 0: as good as chance; below 0: labelers contradict each other.
 *
 * K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, and "Content Analysis", 4th ed., chapter 12.
 *
 * @returns null where no pair has two labels, or all labels are one verdict; `n`: pairs with two or more labels. The
 *   interval is bootstrapped over pairs.
 */
export function krippendorffAlpha(
  tallies: readonly VerdictCounts[],
  options?: BootstrapOptions,
): Estimate | null {
  const kinds = tallies.map(({ counts, pairs }) => {
    const labels = counts.reduce((sum, n) => sum + n, 0);
    const disagreements = counts.reduce((sum, n) => sum + n * (labels - n), 0) / (labels - 1);
    return { counts, pairs, labels, disagreements };
  }).filter(({ labels }) => labels >= 2);
  const verdicts = Math.max(0, ...kinds.map(({ counts }) => counts.length));

  const alpha = (pairs: ArrayLike<number>) => {
    const totals = new Float64Array(verdicts);
    let n = 0, observed = 0;
    kinds.forEach(({ counts, labels, disagreements }, k) => {
      counts.forEach((count, c) => totals[c] += pairs[k] * count);
      n += pairs[k] * labels;
      observed += pairs[k] * disagreements;
    });
    const expected = totals.reduce((sum, total) => sum + total * (n - total), 0);
    return expected === 0 ? NaN : 1 - (n - 1) * observed / expected;
  };
  return bootstrapEstimate(kinds.map(({ pairs }) => pairs), alpha, options);
}
