/** `deno task check`: format, lint and types, notebooks included, and reference pages. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { CHECKS } from "@/lib/quality/check.ts";
import { countsLine } from "@/lib/quality/tests.ts";

const spec = defineTask({
  name: "check",
  summary:
    "Checks format, lint and types of all files, cells of notebooks included, and that reference pages say what the\n" +
    "code says (`deno task docs` writes them). Nothing is changed;\n" +
    "`deno fmt` and `deno lint --fix` mend most of what it finds.",
  examples: ["deno task check"],
  keys: {},
});

await runTask(spec, async (task) => {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const check of CHECKS) {
    task.signal.throwIfAborted();
    const problems = await check.run();
    counts[problems ? "failed" : "passed"]++;
    task.log(problems ? `${check.name}: failed\n${problems}` : `${check.name}: passed`);
  }
  task.result(counts, countsLine(counts));
  return counts.failed > 0 ? 1 : 0;
});
