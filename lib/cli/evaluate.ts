/** `deno task evaluate`: the numbers and the report of a training run. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { summaryLines } from "@/lib/evaluation/summary-lines.ts";
import { writeRunReport } from "@/lib/evaluation/write-report.ts";

const spec = defineTask({
  name: "evaluate",
  summary: "Sum up a training run and write its report.html anew.",
  examples: ["deno task evaluate run=runs/dpo_2026-01-31_12-00-00"],
  keys: {
    run: { type: "string", help: "The run folder, as training printed it." },
  },
});

await runTask(spec, async ({ values, result }) => {
  const { summary, report } = await writeRunReport(values.run);
  const { records: _, ...told } = summary;
  result({ ...told, report }, [...summaryLines(summary), `report: ${report}`].join("\n"));
});
