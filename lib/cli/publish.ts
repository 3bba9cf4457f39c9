/** `deno task publish`: labels to a dataset. */
import { join } from "node:path";
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { OPTION_KEYS, optionsOf } from "@/lib/publish/option-keys.ts";
import { type Preview, previewLines } from "@/lib/publish/preview.ts";
import { publishDatabase } from "@/lib/publish/publish-database.ts";
import { previewDataset, publishFolder } from "@/lib/publish/publish-folder.ts";
import { publishHub } from "@/lib/publish/publish-hub.ts";
import { publishedLines } from "@/lib/publish/published-lines.ts";
import type { FileKind } from "@/lib/publish/tables.ts";

const FORMATS = ["folder", "hub", "duckdb", "csv", "jsonl"] as const;

const spec = defineTask({
  name: "publish",
  summary:
    "Turn the labels into a dataset: a folder that Python's datasets.load_dataset reads, one of the Hugging Face hub, or\n" +
    "tables of another database.",
  examples: [
    "deno task publish",
    "deno task publish out=data/datasets/mine include_synthetic=true",
    "deno task publish aggregate=dawid_skene min_labels=2 min_agreement=0.9",
    "deno task publish repo=NAMESPACE/leetcode_preference preview=true",
    "deno task publish repo=NAMESPACE/leetcode_preference private=false accept=[leetcode]",
    "deno task publish format=duckdb out=data/preferences.duckdb",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    format: {
      type: "string",
      choices: FORMATS,
      optional: true,
      help:
        "folder: Parquet files and a card; csv, jsonl: the same in these; duckdb: tables of another database; hub: the " +
        "folder and a dataset of the Hugging Face hub; default: hub with repo=, else folder",
    },
    out: {
      type: "string",
      optional: true,
      help:
        "The folder (default data/datasets/lc; a dataset that was published there is replaced), or for duckdb a file or " +
        "md:NAME of MotherDuck.",
    },
    repo: {
      type: "string",
      optional: true,
      help: "hub: NAMESPACE/NAME; the token is HF_TOKEN's, or that of `hf auth login`",
    },
    private: {
      type: "boolean",
      default: true,
      help:
        "hub: whether a dataset that is made is private; false also allows to publish into a public one",
    },
    accept: {
      type: "list",
      default: [],
      help:
        "hub, private=false: sources and models whose texts are shown to all although their licence does not simply allow it",
    },
    preview: {
      type: "boolean",
      default: false,
      help: "Only show what would be published: counts, first rows, files.",
    },
    ...OPTION_KEYS,
  },
});

await runTask(spec, async ({ values, result, log, progress, signal }) => {
  const format = values.format ?? (values.repo === null ? "folder" : "hub");
  if (format === "hub" && values.repo === null) {
    throw new InputError("format=hub needs to know where to: repo=NAMESPACE/NAME.");
  }
  if (format !== "hub" && values.repo !== null) {
    throw new InputError(`repo= is for format=hub; leave out format=${format}.`);
  }
  if (format === "duckdb" && values.out === null) {
    throw new InputError("format=duckdb needs to know where to: out=FILE.duckdb or out=md:NAME.");
  }
  const out = values.out ?? join("data", "datasets", "lc");
  const options = {
    ...optionsOf(values),
    onStep: progress("publishing"),
    signal,
  };
  const kind: FileKind = format === "csv" || format === "jsonl" ? format : "parquet";
  if (values.preview) {
    const { figures: _, ...preview } = await previewDataset(values.db, { ...options, kind });
    return result(
      preview,
      [...previewLines(preview), ...limitedLines(preview), "Nothing was published."].join("\n"),
    );
  }
  if (format === "duckdb") {
    const published = await publishDatabase(values.db, out, options);
    const { train, test } = published.sizes.default;
    return result(published, `Published ${train} training and ${test} test pairs in ${out}`);
  }
  if (format !== "hub") {
    const published = await publishFolder(values.db, out, { ...options, kind });
    return result(published, publishedLines(published).join("\n"));
  }
  const published = await publishHub(values.db, out, values.repo!, {
    ...options,
    private: values.private,
    accept: values.accept,
    onPreview: (preview) => log(previewLines(preview).join("\n")),
    onProgress: progress("sending (MB)"),
    log,
  });
  const { url, commit, changed, private: isPrivate } = published.hub;
  result(
    published,
    [
      ...publishedLines(published),
      `${changed ? "Pushed to" : "Nothing new for"} ${url} (commit ${commit}, ${
        isPrivate ? "private" : "for everybody"
      })`,
    ].join("\n"),
  );
});

function limitedLines({ limited }: Pick<Preview, "limited">): string[] {
  return Object.entries(limited).map(([name, why]) =>
    `for everybody only with accept=[${name}]: ${why}`
  );
}
