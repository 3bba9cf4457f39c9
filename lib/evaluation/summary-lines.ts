/**
 * A run told to a person in a few lines.
 *
 * @module
 */
import { formatNumber } from "@/lib/evaluation/format-number.ts";
import { type RunSummary, usesSyntheticLabels } from "@/lib/evaluation/run-summary.ts";

/** Progress, the held-out numbers before and after, and where the checkpoint is. */
export function summaryLines(run: RunSummary): string[] {
  const lines = [
    `${run.expName} (${run.loss}): ${formatNumber(run.examples)} examples, ${
      formatNumber(run.updates)
    } updates`,
  ];
  for (const [metric, { before, after }] of Object.entries(run.heldOut)) {
    lines.push(`${metric}: ${formatNumber(before)} before, ${formatNumber(after)} after`);
  }
  if (usesSyntheticLabels(run)) {
    lines.push("Synthetic labels are in the data: a demonstration, not evidence.");
  }
  if (run.policy) lines.push(`checkpoint: ${run.policy}`);
  return lines;
}
