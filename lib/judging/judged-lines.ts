import type { Judgement } from "@/lib/judging/judge.ts";
import type { JudgeReport } from "@/lib/judging/judge-generations.ts";

/** One judgement for people: the verdict, and the first case that failed. */
export function judgedFileLine(judgement: Judgement & { question: string }): string {
  const { question, verdict, cases_passed, cases_total, first_failure, isolation } = judgement;
  const lines = [
    `${question}: ${verdict}, ${cases_passed} of ${cases_total} cases passed ` +
    `(${Math.round(judgement.milliseconds)} ms, ${isolation})`,
  ];
  if (first_failure) {
    lines.push(`  case ${first_failure.position}: ${first_failure.input}`);
    lines.push(`  expected: ${first_failure.expected}`);
    if (first_failure.got !== null) lines.push(`  got:      ${first_failure.got}`);
    if (first_failure.error !== null) lines.push(`  error:    ${first_failure.error}`);
  }
  return lines.join("\n");
}

/** What was judged and what was not, in one line. */
export function judgedLine(report: JudgeReport): string {
  const verdicts = Object.entries(report.verdicts).filter(([, n]) => n > 0)
    .map(([verdict, n]) => `${n} ${verdict}`).join(", ");
  const rest = [
    [report.already, "judged before"],
    [report.unread, "without readable code"],
    [report.unrunnable, "of questions without tests that can be run"],
    [report.failed.length, `failed (${report.failed[0]?.reason})`],
  ].filter(([n]) => n !== 0).map(([n, what]) => `${n} ${what}`);
  const line = `${report.judged} judged${verdicts ? ` (${verdicts})` : ""}`;
  return `${[line, ...rest].join("; ")}.`;
}
