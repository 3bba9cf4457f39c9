/** `deno task import`: questions with their tests into the database. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { checkReferences, referenceLine } from "@/lib/judging/check-references.ts";
import { SANDBOXES } from "@/lib/judging/sandbox.ts";
import { importedLine, importQuestions } from "@/lib/questions/import.ts";
import { COLUMN_KINDS, type ColumnKind } from "@/lib/questions/columns.ts";
import { importFrom, KNOWN_ROWS } from "@/lib/questions/row-source.ts";
import { InputError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";

/** `columns.title=` and so on. */
const columnKeys = Object.fromEntries(
  Object.entries(COLUMN_KINDS).map((
    [kind, holds],
  ) => [`columns.${kind}`, {
    type: "string",
    optional: true,
    help: `With source=: the column that holds ${holds}.`,
  }]),
) as Record<`columns.${ColumnKind}`, { type: "string"; optional: true; help: string }>;

const spec = defineTask({
  name: "import",
  summary:
    "Import questions with their tests; importing again updates and never doubles. Solutions that a source has\n" +
    "are run on its tests, which sets the time limits of others and leaves out tests that they fail.",
  examples: [
    "deno task import",
    "deno task import sources=[humaneval] db=data/mine.duckdb",
    "deno task import source=leetcode-dataset",
    "deno task import source=mine.csv columns.title=name columns.description=text columns.tests=tests",
    "deno task import source=google-research-datasets/mbpp columns.id=task_id columns.description=text " +
    "columns.tests=test_list columns.prelude=test_setup_code columns.reference=code licence=CC-BY-4.0",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    sources: {
      type: "list",
      default: ["leetcode", "humaneval"],
      choices: ["leetcode", "humaneval"],
      help: "Where the questions come from.",
    },
    source: {
      type: "string",
      optional: true,
      help:
        "Instead of sources=: a file or folder (JSON Lines, JSON, CSV, Parquet), a dataset of the hub, or " +
        `${Object.keys(KNOWN_ROWS).join(", ")}, whose columns are known.`,
    },
    ...columnKeys,
    name: {
      type: "string",
      optional: true,
      help: "With source=: what it is called here; default: the file's or dataset's name.",
    },
    licence: {
      type: "string",
      optional: true,
      help: "With source=: the questions' licence.",
    },
    redistributable: {
      type: "boolean",
      default: false,
      help: "With source=: whether the questions' texts may be published.",
    },
    check: {
      type: "boolean",
      default: true,
      help: "Run the sources' own solutions.",
    },
    sandbox: {
      type: "string",
      choices: SANDBOXES,
      default: "auto",
      help: "What these solutions are kept in, see deno task judge --help.",
    },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, result }) => {
  const { source } = values;
  const columns = Object.fromEntries(
    Object.keys(COLUMN_KINDS).flatMap((kind) => {
      const column = values[`columns.${kind as ColumnKind}`];
      return column === null ? [] : [[kind, column]];
    }),
  );
  if (source === null && Object.keys(columns).length > 0) {
    throw new InputError("columns.…= go with source=, the file or dataset whose columns they are.");
  }
  const reports = source === null
    ? await withStore(
      values.db,
      (store) => importQuestions(store, values.sources, progress("questions")),
    )
    : [
      await importFrom(values.db, source, {
        columns,
        name: values.name ?? undefined,
        licence: values.licence ?? undefined,
        redistributable: values.redistributable,
        onRows: progress("questions"),
        onProgress: progress("downloading (MB)"),
        signal,
      }),
    ];
  for (const report of reports) result(report, importedLine(report));
  if (!values.check) return;
  const { db, sandbox } = values;
  const onProgress = progress("reference solutions");
  const references = await checkReferences(db, { sandbox, signal, onProgress });
  if (references.checked > 0) result(references, referenceLine(references));
});
