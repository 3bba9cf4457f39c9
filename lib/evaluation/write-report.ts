/**
 * Reports on the disk.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { reportHtml, type ReportInput } from "@/lib/evaluation/report.tsx";
import { type RunSummary, summarizeRun } from "@/lib/evaluation/run-summary.ts";

/** Writes the report to `out`, which is never seen half-written. */
export async function writeReport(input: ReportInput, out: string): Promise<void> {
  const html = reportHtml(input);
  await Deno.mkdir(dirname(out), { recursive: true });
  const partial = join(dirname(out), `.${basename(out)}.partial`);
  await Deno.writeTextFile(partial, html);
  {
    using file = await Deno.open(partial);
    await file.sync();
  }
  await Deno.rename(partial, out);
}

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
