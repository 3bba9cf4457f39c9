/**
 * A trained model, or any other that can be opened, in the format that others run.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { exportAdapter } from "@/lib/export/adapter.ts";
import { exportAdapterGguf, exportAdapterToOllama } from "@/lib/export/adapter-gguf.ts";
import { modelCard } from "@/lib/export/model-card.ts";
import { checkHub, toHub } from "@/lib/export/hub.ts";
import { checkOllamaName, createOllamaModel } from "@/lib/export/ollama-create.ts";
import { promptTemplate } from "@/lib/export/prompt-template.ts";
import { modelProvenance, type Provenance, runProvenance } from "@/lib/export/provenance.ts";
import { writeGguf } from "@/lib/export/write-gguf.ts";
import { policyOf, savePolicy } from "@/lib/models/export.ts";
import type { GgmlEncodingName } from "@/lib/models/ggml-encode.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

export const EXPORT_FORMATS = ["hf", "gguf", "ollama", "hub"] as const;

/** What is exported, and to where. */
export interface ExportOptions {
  /** A training run's folder; its newest checkpoint is exported. */
  run?: string;
  /** Or a model, as {@link openModel} takes it. */
  model?: string;
  format: typeof EXPORT_FORMATS[number];
  /** A folder (`hf`), a `.gguf` file, a name for Ollama, or `NAMESPACE/NAME` on the hub. */
  out: string;
  /** Format of a GGUF file's matrices. */
  type: GgmlEncodingName;
  /** What becomes of a run's LoRA adapters: worked into the weights, or put beside them. */
  lora: "merged" | "adapter";
  /** How prompts reach the model in Ollama; the run's where it is not given. */
  promptFormat?: "plain" | "chat";
  license?: string;
  /** Ollama's server. */
  host: string;
  /** Whether a repository of the hub that is made is private; it is where nothing is said. */
  private?: boolean;
  /** Told about what is sent to the hub. */
  onPush?: OnProgress;
  onProgress?: OnProgress;
  log: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Exports a model. What is written appears under its name when it is whole.
 *
 * @returns where it is: `out`, or the page of the hub with its commit
 * @throws InputError when there is no such model, `out` is taken, or the format does not take the model
 * @throws OperationError when Ollama's server or the hub cannot be reached or refuses
 */
export async function exportModel(options: ExportOptions): Promise<Exported> {
  const { run, model, format, out } = options;
  if ((run === undefined) === (model === undefined)) {
    throw new InputError("name what to export: run=RUN or model.name_or_path=MODEL, one of them.");
  }
  if (format !== "ollama" && format !== "hub" && existsSync(out)) {
    throw new InputError(`${out} is there already; name another out=, or remove it.`);
  }
  if (format === "gguf" && !out.endsWith(".gguf")) {
    throw new InputError(`out=${out} has to end in .gguf.`);
  }
  if (format === "ollama") checkOllamaName(out);
  if (format === "hub") await checkHub(options);
  if (options.lora === "adapter") {
    if (run === undefined) {
      throw new InputError("lora=adapter exports the adapters of a run=.");
    }
    return await ADAPTERS[format](run, await runProvenance(run, options.license), options);
  }
  const provenance = run === undefined ? undefined : await runProvenance(run, options.license);
  const source = await openModel(run === undefined ? model! : join(run, "LATEST", "policy"));
  try {
    const about = provenance ?? await modelProvenance(source, options.license);
    return await FORMATS[format](source, about, options);
  } finally {
    source.close();
  }
}

/** Where an export is. */
export interface Exported {
  /** As it was asked for, or the page of the hub. */
  out: string;
  /** The hub's commit. */
  commit?: string;
  /** Whether the hub had the same already. */
  unchanged?: boolean;
}

type Export = (
  source: ModelSource,
  about: Provenance,
  options: ExportOptions,
) => Promise<Exported>;

type AdapterExport = (
  run: string,
  provenance: Provenance,
  options: ExportOptions,
) => Promise<Exported>;

const ADAPTERS: Record<typeof EXPORT_FORMATS[number], AdapterExport> = {
  hf: (run, provenance, options) =>
    inFolder(options.out, (folder) => exportAdapter(folder, { ...options, run, provenance })),
  hub: (run, provenance, options) =>
    toHub((folder) => exportAdapter(folder, { ...options, run, provenance }), options),
  gguf: async (run, provenance, options) => {
    const { out } = options;
    await Deno.mkdir(dirname(out), { recursive: true });
    await exportAdapterGguf(out, { ...options, run, provenance });
    return { out };
  },
  ollama: async (run, provenance, options) => {
    const { out } = options;
    await exportAdapterToOllama({ ...options, run, provenance, name: out });
    return { out };
  },
};

const FORMATS: Record<typeof EXPORT_FORMATS[number], Export> = {
  hf: (source, about, options) =>
    inFolder(options.out, (folder) => writeHfFolder(folder, source, about, options)),
  hub: (source, about, options) =>
    toHub((folder) => writeHfFolder(folder, source, about, options), options),
  gguf: async (source, about, options) => {
    await Deno.mkdir(dirname(options.out), { recursive: true });
    await writeGguf(options.out, source, about, options);
    return { out: options.out };
  },
  ollama: async (source, about, options) => {
    const template = promptTemplate(source, about, options);
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
      return { out: options.out };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

async function writeHfFolder(
  folder: string,
  source: ModelSource,
  about: Provenance,
  options: ExportOptions,
): Promise<void> {
  await savePolicy(folder, policyOf(source, options));
  const card = modelCard(about, { onHub: options.format === "hub" });
  await writeFileWhole(join(folder, "README.md"), card);
}

/** Fills a folder beside `out` that gets its name when it is whole. */
async function inFolder(
  out: string,
  fill: (folder: string) => Promise<void>,
): Promise<Exported> {
  await Deno.mkdir(dirname(out), { recursive: true });
  const folder = join(dirname(out), `.${basename(out)}.${crypto.randomUUID()}.partial`);
  try {
    await Deno.mkdir(folder);
    await fill(folder);
    await Deno.rename(folder, out);
    return { out };
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}
