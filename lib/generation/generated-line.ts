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
  const reasons = Map.groupBy(report.withoutPair, ({ reason }) => reason);
  const lost = [...reasons].map(([reason, items]) => `${items.length} because ${reason}`).join(
    "; ",
  );
  const repeated = [
    report.identical > 0 && `${report.identical} identical`,
    report.nearlySame > 0 && `${report.nearlySame} the same but for formatting and names`,
  ].filter(Boolean).join(", ");
  return [
    `${report.pairs.length} pairs for ${report.questions} questions (answers: ${statuses})`,
    repeated && `solutions set aside: ${repeated}`,
    lost && `without a pair: ${lost}`,
  ].filter(Boolean).join("; ") + ".";
}
