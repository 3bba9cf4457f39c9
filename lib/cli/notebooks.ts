/** `deno task notebooks`: executes the notebooks headless, or opens them in JupyterLab. */
import { runTask } from "@/lib/cli/core/task.ts";
import { defineTask, type Key } from "@/lib/cli/core/settings.ts";
import { executeAll, notebookParameters } from "@/lib/notebooks/all.ts";
import { openJupyterLab } from "@/lib/notebooks/edit.ts";
import type { ParameterValue } from "@/lib/notebooks/notebook.ts";

const parameters = await notebookParameters();

const spec = defineTask({
  name: "notebooks",
  summary:
    "Executes the notebooks with Jupyter and the Deno kernel, one after the other; stops at a cell that fails.\n" +
    "The settings after `browser` are the notebooks' own parameters.",
  examples: [
    "deno task notebooks",
    "deno task notebooks small=true only=[01,02]",
    "deno task notebooks edit",
  ],
  subcommands: { edit: "opens the notebooks in JupyterLab" },
  needs: ["python", "kernel"],
  keys: {
    only: { type: "list", default: [], help: "beginnings of the names of those to run" },
    small: { type: "boolean", default: false, help: "the smallest parameters that show something" },
    out: { type: "string", default: "data/notebooks", help: "folder for the executed copies" },
    in_place: { type: "boolean", default: false, help: "write the outputs into the notebooks" },
    timeout_seconds: { type: "integer", default: 600, min: 1, help: "how long a cell may take" },
    port: { type: "integer", default: 8888, min: 1, max: 65535, help: "edit: where to listen" },
    browser: { type: "boolean", default: true, help: "edit: open a browser" },
  },
});

const keys: Record<string, Key> = Object.fromEntries(parameters.map(({ name, help, ...rest }) => {
  const type = Array.isArray(rest.default)
    ? "list"
    : typeof rest.default === "number"
    ? Number.isInteger(rest.default) ? "integer" : "number"
    : typeof rest.default === "boolean"
    ? "boolean"
    : "string";
  return [name, { type, optional: true, help: `${help} (${JSON.stringify(rest.default)})` }];
}));

await runTask({ ...spec, keys: { ...spec.keys, ...keys } } as typeof spec, async (task) => {
  const { values, given, signal } = task;
  if (task.subcommand === "edit") {
    await openJupyterLab({ port: values.port, browser: values.browser, signal });
    return;
  }
  const all = values as unknown as Record<string, ParameterValue>;
  await executeAll({
    only: values.only,
    small: values.small,
    parameters: Object.fromEntries(given.filter((n) => n in keys).map((n) => [n, all[n]])),
    out: values.in_place ? undefined : values.out,
    timeoutSeconds: values.timeout_seconds,
    progress: task.progress,
    signal,
    onExecuted: (run) =>
      task.result(
        run,
        `${run.notebook}: ${run.cells} cells, ${run.seconds.toFixed(1)} s → ${run.copy}`,
      ),
  });
});
