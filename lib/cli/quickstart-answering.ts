/** The part of the quickstart that asks models; a process of its own, which gives its memory back when it ends. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { answerAll } from "@/lib/quickstart/answering.ts";

const spec = defineTask({
  name: "quickstart",
  summary: "Asks for pairs and answers; called by deno task quickstart.",
  examples: [],
  keys: { options: { type: "string", help: "what to ask for, as JSON" } },
});

await runTask(spec, async ({ values, signal, progress, result }) => {
  const report = await answerAll(JSON.parse(values.options), progress("answers"), signal);
  result(report, "");
});
