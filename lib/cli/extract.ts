/** `deno task extract`: the code in models' answers. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { extractFile } from "@/lib/generation/extract-file.ts";

const spec = defineTask({
  name: "extract",
  summary:
    "Read the code out of answers: JSON lines with `text` in, with `codes` and `status` out.",
  examples: ["deno task extract in=answers.jsonl out=codes.jsonl"],
  keys: {
    in: {
      type: "string",
      help:
        "JSON lines with `text`; where known also `done_reason`, `entry_point` and `starter_code`.",
    },
    out: { type: "string", help: "Where the lines go, with `codes` and `status` added." },
  },
});

await runTask(spec, async ({ values, result }) => {
  const report = await extractFile(values.in, values.out);
  const statuses = Object.entries(report.statuses).map(([status, n]) => `${n} ${status}`).join(
    ", ",
  );
  result(report, `${report.answers} answers read (${statuses}); written to ${values.out}.`);
});
