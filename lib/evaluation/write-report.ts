/**
 * Reports on the disk.
 *
 * @module
 */
import { join } from "node:path";
import { reportHtml, type ReportInput } from "@/lib/evaluation/report.tsx";
import { type RunSummary, summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** Writes the report to `out`, which is never seen half-written. */
export const writeReport = (input: ReportInput, out: string): Promise<void> =>
  writeFileWhole(out, reportHtml(input));

/**
 * Writes `report.html` of one run into its folder.
 * @returns what the report is about, and where it is
 * @throws InputError when the folder holds no run
 */
export async function writeRunReport(
  folder: string,
): Promise<{ summary: RunSummary; report: string }> {
  const summary = await summarizeRun(folder);
  const report = join(folder, "report.html");
  await writeReport({ title: `Training run ${summary.expName}`, runs: [summary] }, report);
  return { summary, report };
}
