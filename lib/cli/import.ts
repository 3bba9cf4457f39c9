/** `deno task import`: questions with their tests into the database. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { importedLine, importQuestions } from "@/lib/questions/import.ts";
import { withStore } from "@/lib/store/store.ts";

const spec = defineTask({
  name: "import",
  summary: "Import questions with their tests; importing again updates and never doubles.",
  examples: ["deno task import", "deno task import sources=[humaneval] db=data/mine.duckdb"],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    sources: {
      type: "list",
      default: ["leetcode", "humaneval"],
      choices: ["leetcode", "humaneval"],
      help: "Where the questions come from.",
    },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, progress, result }) => {
  const reports = await withStore(
    values.db,
    (store) => importQuestions(store, values.sources, progress("questions")),
  );
  for (const report of reports) result(report, importedLine(report));
});
