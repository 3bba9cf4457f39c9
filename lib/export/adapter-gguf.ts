/**
 * A run's LoRA adapters for llama.cpp and Ollama, which put them on the base as they run it.
 *
 * Ollama's own converter of PEFT folders (0.6.5) takes Llama and Gemma 2 and puts the order of Llama's rows into A
 * instead of B; a GGUF file it takes as it is.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { adapterOf, openBase } from "@/lib/export/adapter.ts";
import { createOllamaModel } from "@/lib/export/ollama-create.ts";
import { promptTemplate } from "@/lib/export/prompt-template.ts";
import type { Provenance } from "@/lib/export/provenance.ts";
import { type GgufExport, writeGguf } from "@/lib/export/write-gguf.ts";
import { openAdapters } from "@/lib/models/adapter-folder.ts";
import { saveGgufAdapters } from "@/lib/models/gguf-adapter.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** Families that Ollama runs on an engine of its own, which takes no adapters. */
const WITHOUT_ADAPTERS = ["gemma3_text"];

export interface AdapterGgufExport extends GgufExport {
  run: string;
  provenance: Provenance;
}

/**
 * Writes the adapters of a run's newest checkpoint to the GGUF file `path`.
 *
 * @throws InputError when the run has no adapters, its base is gone or was changed, or llama.cpp has not its family
 */
export async function exportAdapterGguf(path: string, options: AdapterGgufExport): Promise<void> {
  const { run, provenance, log } = options;
  const folder = adapterOf(run), source = await openBase(run);
  try {
    saveAdapterFile(path, folder, source, provenance);
  } finally {
    source.close();
  }
  log(
    `The adapters go with ${provenance.base} (SHA-256 ${source.digest}), which they were trained on; on other weights ` +
      "of the same model they give other results.",
  );
}

function saveAdapterFile(path: string, folder: string, source: ModelSource, about: Provenance) {
  const adapters = openAdapters(folder, source);
  try {
    saveGgufAdapters(path, adapters, source.config, about);
  } finally {
    adapters.close();
  }
}

/**
 * Creates a model in Ollama of a run's base and its adapters. A base in GGUF is given as it is, quantised or not, so
 * that the server keeps it once; another is written to GGUF.
 *
 * @throws InputError as {@link exportAdapterGguf}, and for families whose engine in Ollama takes no adapters
 * @throws OperationError when the server cannot be reached or refuses
 */
export async function exportAdapterToOllama(
  { run, provenance, name, host, promptFormat, ...options }: AdapterGgufExport & {
    name: string;
    host: string;
    promptFormat?: "plain" | "chat";
  },
): Promise<void> {
  const adapters = adapterOf(run), source = await openBase(run);
  const folder = await Deno.makeTempDir({ prefix: "codepref-export-" });
  try {
    const { architecture } = source.config;
    if (WITHOUT_ADAPTERS.includes(architecture)) {
      throw new InputError(
        `Ollama runs ${architecture} models on an engine that takes no adapters; export with lora=merged.`,
      );
    }
    const template = promptTemplate(source, provenance, { promptFormat, log: options.log });
    const adapter = join(folder, "adapter.gguf");
    saveAdapterFile(adapter, adapters, source, provenance);
    let path = source.path;
    if (source.format !== "gguf") {
      path = join(folder, "base.gguf");
      await writeGguf(path, source, { ...provenance, name: provenance.base }, options);
    }
    await createOllamaModel({
      name,
      host,
      path,
      adapter,
      template,
      license: provenance.license,
      signal: options.signal,
    });
  } finally {
    source.close();
    await Deno.remove(folder, { recursive: true });
  }
}
