/** `deno task export`: a model in the format that others run. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { EXPORT_FORMATS, exportModel } from "@/lib/export/export-model.ts";
import { ollamaHost } from "@/lib/generation/ollama.ts";
import { GGML_ENCODINGS, type GgmlEncodingName } from "@/lib/models/ggml-encode.ts";

const spec = defineTask({
  name: "export",
  summary: "Export a training run, or another model, to Hugging Face's layout, GGUF or Ollama.",
  examples: [
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=hf out=models/dpo",
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=gguf type=q8_0 out=models/dpo.gguf",
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=ollama out=codepref-dpo",
    "deno task export model.name_or_path=smollm2 format=hf out=models/smollm2",
  ],
  keys: {
    run: {
      type: "string",
      optional: true,
      help: "run folder, as training printed it; its newest checkpoint is exported",
    },
    "model.name_or_path": {
      type: "string",
      optional: true,
      aliases: ["model"],
      help: "instead of run: preset, .gguf file, Hugging Face folder, or ollama:NAME",
    },
    format: {
      type: "string",
      choices: EXPORT_FORMATS,
      help:
        "hf: folder with fp32 weights and a model card; gguf: one file; ollama: a model of an Ollama server",
    },
    out: { type: "string", help: "folder, .gguf file, or the model's name in Ollama" },
    type: {
      type: "string",
      choices: Object.keys(GGML_ENCODINGS) as GgmlEncodingName[],
      default: "f16",
      help: "gguf, ollama: format of the matrices",
    },
    lora: {
      type: "string",
      choices: ["merged", "adapter"],
      default: "merged",
      help:
        "a run with LoRA: its adapters worked into the weights in fp32, or as a folder for PEFT (format=hf)",
    },
    prompt_format: {
      type: "string",
      choices: ["plain", "chat"],
      optional: true,
      help: "ollama: how prompts reach the model; the run's, or chat where there is a template",
    },
    license: {
      type: "string",
      optional: true,
      help: "SPDX name for card and file; the base's own where it states one",
    },
    host: {
      type: "string",
      optional: true,
      help: "ollama: the server; default OLLAMA_HOST, or port 11434 of this machine",
    },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, log, result }) => {
  const { run, format, out, type, lora } = values;
  await exportModel({
    run: run ?? undefined,
    model: values["model.name_or_path"] ?? undefined,
    format,
    out,
    type,
    lora,
    promptFormat: values.prompt_format ?? undefined,
    license: values.license ?? undefined,
    host: values.host ?? ollamaHost(),
    onProgress: progress("exporting"),
    log,
    signal,
  });
  const where = format === "ollama" ? `ollama run ${out}` : out;
  result({ out, format }, `Exported: ${where}`);
});
