/** `deno task setup`: installs what the other tasks need. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { ensureSetup } from "@/lib/setup/ensure.ts";
import { libtensorflowPath, pythonPath, smollm2Path } from "@/lib/setup/paths.ts";

const spec = defineTask({
  name: "setup",
  summary:
    "Installs into .venv what the other tasks need (TensorFlow's library, a small model, questions, Jupyter with\n" +
    "the Deno kernel) and fetches the JavaScript packages. Repeating it costs nothing; an interrupted one goes on.",
  examples: ["deno task setup", "deno task setup python=python3.12", "deno task setup tests=true"],
  keys: {
    python: {
      type: "string",
      optional: true,
      help: "the Python (3.10 to 3.13) to make .venv with; default: the first found",
    },
    tests: { type: "boolean", default: false, help: "also install what the tests need" },
  },
});

await runTask(spec, async (task) => {
  const { python, tests } = task.values;
  const parts = ["modules", "python", "kernel", ...tests ? ["tests" as const] : []] as const;
  await ensureSetup(parts, task.progress("set-up"), {
    signal: task.signal,
    python: python ?? undefined,
  });
  const places = { python: pythonPath(), tensorflow: libtensorflowPath(), model: smollm2Path() };
  task.result(places, `Everything is set up in .venv (Python: ${places.python}).`);
});
