/** `deno task publish`: labels to a dataset. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { publishFolder } from "@/lib/datasets/publish-folder.ts";
import { publishedLines } from "@/lib/datasets/published-lines.ts";

const spec = defineTask({
  name: "publish",
  summary: "Turn the labels into a dataset folder that Python's datasets.load_dataset reads.",
  examples: [
    "deno task publish",
    "deno task publish out=data/datasets/mine include_synthetic=true",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    out: {
      type: "string",
      default: "data/datasets/lc",
      help: "The folder; a dataset that was published there is replaced.",
    },
    format: { type: "string", default: "folder", choices: ["folder"], help: "What is written." },
    include_synthetic: {
      type: "boolean",
      default: false,
      help: "Take reference solutions against failing answers too: a demonstration, not evidence.",
    },
    seed: { type: "integer", default: 0, help: "Seed of the split into train and test." },
    test_fraction: {
      type: "number",
      default: 0.1,
      min: 0,
      max: 0.99,
      help: "Part of the questions that goes to the test split.",
    },
  },
});

await runTask(spec, async ({ values, result }) => {
  const published = await publishFolder(values.db, values.out, {
    includeSynthetic: values.include_synthetic,
    seed: values.seed,
    testFraction: values.test_fraction,
  });
  result(published, publishedLines(published).join("\n"));
});
