/** `deno task screenshots`: the pictures of the documentation, from real Chromium. */
import { join } from "node:path";
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";

const spec = defineTask({
  name: "screenshots",
  summary: "Takes the documentation's pictures with Chromium, in light and dark.",
  examples: [
    "deno task screenshots notebooks from=data/notebooks",
    "deno task screenshots pages",
  ],
  subcommands: {
    notebooks: "JupyterLab with executed notebooks: docs/screenshots/notebooks",
    pages: "the web app on made-up data, 1440 and 390 pixels wide: docs/screenshots/pages",
  },
  needs: ["python", "kernel"],
  keys: {
    from: {
      type: "string",
      default: "data/notebooks",
      help: "notebooks: folder of executed notebooks, as deno task notebooks writes them",
    },
    out: { type: "string", default: "docs/screenshots", help: "folder of the pictures" },
  },
});

/** Which cell each picture begins at. */
const VIEWS = {
  "02-pairs": "generatePairs asks each question",
  "03-labels": "The unit tests decide where they can",
  "06-dpo": "const run = startTraining(",
};

await runTask(spec, async ({ subcommand, values, progress, result }) => {
  if (!subcommand) {
    throw new InputError("Say which pictures: deno task screenshots notebooks, or pages.");
  }
  if (subcommand === "pages") {
    const { pageScreenshots } = await import("@/lib/screenshots/pages.ts");
    const files = await pageScreenshots(join(values.out, "pages"), progress("pictures"));
    return result({ files }, `wrote ${files.join(", ")}`);
  }
  const { notebookScreenshots } = await import("@/lib/screenshots/jupyterlab.ts");
  const views = Object.entries(VIEWS).map(([name, from]) => ({
    notebook: join(values.from, `${name}.ipynb`),
    from,
  }));
  const files = await notebookScreenshots(
    views,
    join(values.out, "notebooks"),
    progress("pictures"),
  );
  result({ files }, `wrote ${files.join(", ")}`);
});
