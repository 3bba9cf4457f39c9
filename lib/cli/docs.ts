/** `deno task docs`: reference pages from the code. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { writePages } from "@/lib/documentation/pages.ts";

const spec = defineTask({
  name: "docs",
  summary:
    "Writes the reference pages in docs/reference from the code: settings, tables, metrics, losses.",
  examples: ["deno task docs"],
  keys: {},
});

await runTask(spec, async (task) => {
  const written = await writePages();
  task.result(
    { written },
    written.length ? `wrote ${written.join(", ")}` : "All reference pages are up to date.",
  );
});
