/** `deno task label`: the labeling page in the browser. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { openLabelGenerator, pairMaker } from "@/lib/web/make-pair.ts";
import { serveApp } from "@/lib/web/serve.ts";

const spec = defineTask({
  name: "label",
  summary: "Serve the labeling page: compare two solutions to a question and say which is better.",
  examples: [
    "deno task label",
    "deno task label port=9000 model=ollama:codellama:7b",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    host: { type: "string", default: "127.0.0.1", help: "Where to listen; this machine only." },
    port: {
      type: "integer",
      default: 8000,
      min: 0,
      max: 65535,
      help: "The port; 0 takes a free one.",
    },
    model: {
      type: "string",
      default: "auto",
      help:
        "What Generate asks: ollama:NAME:TAG, smollm2, a path, or auto: a model of an Ollama server that " +
        "answers, else smollm2 in this process.",
    },
    local_dirs: {
      type: "list",
      default: ["runs"],
      help: "Folders of training runs, which the page /runs follows.",
    },
    token: {
      type: "string",
      optional: true,
      help: "The start token of the printed link; a random one otherwise.",
    },
  },
});

await runTask(spec, async ({ values, signal, log, result }) => {
  // What is written from now on, DuckDB's own files included, is for this user alone.
  Deno.umask(0o077);
  const { model, token, local_dirs, ...rest } = values;
  const serving = await serveApp({
    ...rest,
    token: token ?? undefined,
    localDirs: local_dirs,
    makePair: (db, lease) => pairMaker(db, lease, () => openLabelGenerator(model)),
  });
  result(
    { url: serving.link, origin: serving.origin, token: serving.token },
    `Open this link to label:\n\n  ${serving.link}\n\nTraining runs: ${serving.origin}/runs\n`,
  );
  log("Everything is saved at once; stop with Ctrl-C.");
  signal.addEventListener("abort", () => serving.stop());
  await serving.finished;
});
