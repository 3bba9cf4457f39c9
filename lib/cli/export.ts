/** `deno task export`: a model in the format that others run. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { A_MODEL } from "@/lib/cli/model-help.ts";
import { EXPORT_FORMATS, exportModel } from "@/lib/export/export-model.ts";
import { ollamaHost } from "@/lib/generation/ollama.ts";
import { GGML_ENCODINGS, type GgmlEncodingName } from "@/lib/models/ggml-encode.ts";
import { fetchModel } from "@/lib/models/source.ts";

const spec = defineTask({
  name: "export",
  summary:
    "Export a training run, or another model, to Hugging Face's layout or its hub, to GGUF or Ollama.",
  examples: [
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=hf out=models/dpo",
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=gguf type=q8_0 out=models/dpo.gguf",
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=ollama out=codepref-dpo",
    "deno task export run=runs/dpo_2026-01-31_12-00-00 format=hub out=NAMESPACE/codepref-dpo",
    "deno task export run=runs/lora_2026-01-31_12-00-00 lora=adapter format=ollama out=codepref-lora",
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
      help: `instead of run: ${A_MODEL}`,
    },
    format: {
      type: "string",
      choices: EXPORT_FORMATS,
      help:
        "hf: folder with fp32 weights and a model card; hub: the same on the Hugging Face hub; gguf: one file; " +
        "ollama: a model of an Ollama server",
    },
    out: {
      type: "string",
      help: "folder, .gguf file, NAMESPACE/NAME on the hub, or the model's name in Ollama",
    },
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
        "a run with LoRA: its adapters worked into the weights in fp32, or alone: a folder for PEFT (also on the hub), a " +
        "GGUF file for llama.cpp, or on the base in Ollama",
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
    private: {
      type: "boolean",
      default: true,
      help:
        "hub: whether a repository that is made is private; false also allows to push into a public one",
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
  const model = values["model.name_or_path"] ?? undefined;
  if (model !== undefined) {
    await fetchModel(model, { onProgress: progress("downloading (MB)"), log, signal });
  }
  const exported = await exportModel({
    run: run ?? undefined,
    model,
    format,
    out,
    type,
    lora,
    promptFormat: values.prompt_format ?? undefined,
    license: values.license ?? undefined,
    host: values.host ?? ollamaHost(),
    private: values.private,
    onProgress: progress("exporting"),
    onPush: progress("sending (MB)"),
    log,
    signal,
  });
  const where = format === "ollama" ? `ollama run ${out}` : exported.out;
  const { commit, unchanged } = exported;
  const at = commit ? ` (commit ${commit}${unchanged ? ", which was there already" : ""})` : "";
  result({ format, ...exported }, `Exported: ${where}${at}`);
});
