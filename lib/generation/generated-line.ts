import type { AnswersReport } from "@/lib/generation/answers.ts";
import type { PairsReport } from "@/lib/generation/pairs.ts";

/** A report of a generation in one line: nothing that got lost on the way is left out. */
export function generatedLine(report: PairsReport | AnswersReport): string {
  const statuses = Object.entries(report.statuses).map(([status, n]) => `${n} ${status}`).join(
    ", ",
  );
  if (!("pairs" in report)) {
    return `${report.readable.length} readable answers to ${report.questions} questions (answers: ${statuses}).`;
  }
  const line =
    `${report.pairs.length} pairs for ${report.questions} questions (answers: ${statuses})`;
  const reasons = Map.groupBy(report.withoutPair, ({ reason }) => reason);
  const lost = [...reasons].map(([reason, items]) => `${items.length} because ${reason}`).join(
    "; ",
  );
  return lost ? `${line}; without a pair: ${lost}.` : `${line}.`;
}
