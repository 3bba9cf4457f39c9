/** `deno task restore`: a backup in the place of the database. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { restore } from "@/lib/store/backup.ts";

const spec = defineTask({
  name: "restore",
  summary: "Put a backup in the place of the database; the former one is kept beside it.",
  examples: ["deno task restore from=data/codepref-backup-2026-01-31T12-00-00.duckdb"],
  keys: {
    from: { type: "string", help: "the backup, as deno task backup made it" },
    db: { type: "string", default: "data/codepref.duckdb", help: "the database" },
  },
});

await runTask(spec, async ({ values, result }) => {
  const { counts: rows, former } = await restore(values.from, values.db);
  result(
    { db: values.db, former: former ?? null, rows },
    `${values.db}: ${rows.labels} labels, ${rows.pairs} pairs, ${rows.questions} questions` +
      (former ? `; the former one is ${former}` : ""),
  );
});
