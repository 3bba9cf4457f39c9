/** `deno task logps`: log-probs of pairs under a model, to compare with any other implementation. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { A_MODEL } from "@/lib/cli/model-help.ts";
import { writeLogps } from "@/lib/evaluation/logps.ts";
import { fetchModel } from "@/lib/models/source.ts";

const spec = defineTask({
  name: "logps",
  summary: "Write the log-probs of each pair's responses under a model, with the token ids used.",
  examples: ["deno task logps model=smollm2 data=pairs.jsonl out=logps.jsonl"],
  keys: {
    model: {
      type: "string",
      default: "smollm2",
      help: A_MODEL,
    },
    data: { type: "string", help: "JSONL file with prompt, chosen and rejected in each line" },
    out: { type: "string", help: "JSONL file to write: one line per line of data" },
    precision: {
      type: "string",
      choices: ["fp32", "bf16"],
      default: "fp32",
      help: "format of matrix products",
    },
    prompt_format: {
      type: "string",
      choices: ["plain", "chat"],
      default: "plain",
      help: "plain: the prompt as it is; chat: as a user's message in the model's template",
    },
    batch_size: { type: "integer", default: 8, min: 1, help: "pairs computed at once" },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, log, result }) => {
  await fetchModel(values.model, { onProgress: progress("downloading (MB)"), log, signal });
  const written = await writeLogps({
    model: values.model,
    data: values.data,
    out: values.out,
    precision: values.precision,
    promptFormat: values.prompt_format,
    batchSize: values.batch_size,
    onProgress: progress("scoring"),
    signal,
  });
  result(
    { out: values.out, ...written },
    `${written.pairs} pairs scored with ${values.model}: ${values.out}`,
  );
});
