/**
 * A trained model, or any other that can be opened, in the format that others run.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { exportAdapter } from "@/lib/export/adapter.ts";
import { modelCard } from "@/lib/export/model-card.ts";
import { checkOllamaName, createOllamaModel } from "@/lib/export/ollama-create.ts";
import { ollamaTemplate, PLAIN_TEMPLATE } from "@/lib/export/ollama-template.ts";
import { modelProvenance, type Provenance, runProvenance } from "@/lib/export/provenance.ts";
import { policyOf, savePolicy } from "@/lib/models/export.ts";
import type { GgmlEncodingName } from "@/lib/models/ggml-encode.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

export const EXPORT_FORMATS = ["hf", "gguf", "ollama"] as const;

/** What is exported, and to where. */
export interface ExportOptions {
  /** A training run's folder; its newest checkpoint is exported. */
  run?: string;
  /** Or a model, as {@link openModel} takes it. */
  model?: string;
  format: typeof EXPORT_FORMATS[number];
  /** A folder (`hf`), a `.gguf` file, or a name for Ollama. */
  out: string;
  /** Format of a GGUF file's matrices. */
  type: GgmlEncodingName;
  /** What becomes of a run's LoRA adapters: worked into the weights, or a folder of their own for PEFT. */
  lora: "merged" | "adapter";
  /** How prompts reach the model in Ollama; the run's where it is not given. */
  promptFormat?: "plain" | "chat";
  license?: string;
  /** Ollama's server. */
  host: string;
  onProgress?: OnProgress;
  log: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Exports a model. What is written appears under its name when it is whole.
 *
 * @throws InputError when there is no such model, `out` is taken, or the format does not take the model
 * @throws OperationError when Ollama's server cannot be reached or refuses
 */
export async function exportModel(options: ExportOptions): Promise<void> {
  const { run, model, format, out } = options;
  if ((run === undefined) === (model === undefined)) {
    throw new InputError("name what to export: run=RUN or model.name_or_path=MODEL, one of them.");
  }
  if (format !== "ollama" && existsSync(out)) {
    throw new InputError(`${out} is there already; name another out=, or remove it.`);
  }
  if (format === "gguf" && !out.endsWith(".gguf")) {
    throw new InputError(`out=${out} has to end in .gguf.`);
  }
  if (format === "ollama") checkOllamaName(out);
  if (options.lora === "adapter") {
    if (run === undefined || format !== "hf") {
      throw new InputError("lora=adapter exports the adapters of a run=, with format=hf.");
    }
    return await inFolder(out, async (folder) =>
      exportAdapter(folder, {
        run,
        out,
        provenance: await runProvenance(run, options.license),
        log: options.log,
        onProgress: options.onProgress,
      }));
  }
  const provenance = run === undefined ? undefined : await runProvenance(run, options.license);
  const source = await openModel(run === undefined ? model! : join(run, "LATEST", "policy"));
  try {
    const about = provenance ?? await modelProvenance(model!, source.digest, options.license);
    await FORMATS[format](source, about, options);
  } finally {
    source.close();
  }
}

type Export = (source: ModelSource, about: Provenance, options: ExportOptions) => Promise<void>;

const FORMATS: Record<typeof EXPORT_FORMATS[number], Export> = {
  hf: (source, about, options) =>
    inFolder(options.out, async (folder) => {
      await savePolicy(folder, policyOf(source, options));
      await writeFileWhole(join(folder, "README.md"), modelCard(about));
    }),
  gguf: async (source, about, options) => {
    await Deno.mkdir(dirname(options.out), { recursive: true });
    await writeGguf(options.out, source, about, options);
  },
  ollama: async (source, about, options) => {
    const template = templateOf(source, about, options);
    const folder = await Deno.makeTempDir({ prefix: "codepref-export-" });
    try {
      const path = join(folder, "model.gguf");
      await writeGguf(path, source, about, options);
      await createOllamaModel({
        name: options.out,
        host: options.host,
        path,
        template,
        license: about.license,
        signal: options.signal,
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

async function writeGguf(path: string, source: ModelSource, about: Provenance, o: ExportOptions) {
  const { fallbacks } = await saveGguf(path, policyOf(source, o), {
    type: o.type,
    name: about.name,
    license: about.license,
  });
  if (fallbacks.length > 0) {
    o.log(
      `${fallbacks.length} matrices are F16: their rows are not whole blocks of ${o.type} (${
        fallbacks[0]
      }${fallbacks.length > 1 ? ", …" : ""}).`,
    );
  }
}

/** How prompts reach the model: as it was trained, else by its chat template where it has one. */
function templateOf(source: ModelSource, about: Provenance, options: ExportOptions) {
  const format = options.promptFormat ?? about.promptFormat ??
    (source.tokenizer.chatTemplate === undefined ? "plain" : "chat");
  if (format === "plain") return PLAIN_TEMPLATE;
  if (source.tokenizer.chatTemplate === undefined) {
    throw new InputError(`${source.name} has no chat template; use prompt_format=plain.`);
  }
  const template = ollamaTemplate(source.tokenizer);
  if (template === undefined) {
    options.log(
      "The chat template cannot be said in Ollama's language here; its server chooses the nearest that it knows.",
    );
  }
  return template;
}

/** Fills a folder beside `out` that gets its name when it is whole. */
async function inFolder(out: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await Deno.mkdir(dirname(out), { recursive: true });
  const folder = join(dirname(out), `.${basename(out)}.${crypto.randomUUID()}.partial`);
  try {
    await Deno.mkdir(folder);
    await fill(folder);
    await Deno.rename(folder, out);
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}
