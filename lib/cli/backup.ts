/** `deno task backup`: a copy of the database, while others use it. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { backup } from "@/lib/store/backup.ts";

const spec = defineTask({
  name: "backup",
  summary: "Copy the database as it is now; labelers and notebooks may go on using it.",
  examples: ["deno task backup", "deno task backup db=data/mine.duckdb out=/backups/mine.duckdb"],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "the database" },
    out: {
      type: "string",
      optional: true,
      help: "the copy; beside the database and named by the time when not given",
    },
  },
});

await runTask(spec, async ({ values, result }) => {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const out = values.out ?? values.db.replace(/(\.duckdb)?$/, `-backup-${time}.duckdb`);
  const rows = await backup(values.db, out);
  result(
    { out, rows },
    `${out}: ${rows.labels} labels, ${rows.pairs} pairs, ${rows.questions} questions`,
  );
});
