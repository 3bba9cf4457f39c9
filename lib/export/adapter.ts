/**
 * A run's LoRA adapters as a folder for PEFT, which names what they have to be put on.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { readRunConfig } from "@/lib/evaluation/run-config.ts";
import { modelCard } from "@/lib/export/model-card.ts";
import type { Provenance } from "@/lib/export/provenance.ts";
import { ADAPTER_CONFIG, copyAdapters } from "@/lib/models/adapter-folder.ts";
import { policyOf, savePolicy } from "@/lib/models/export.ts";
import { atRevision } from "@/lib/models/hub-name.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** The folder of a quantised base's weights, inside of the adapters'. */
const BASE = "base";

export interface AdapterExport {
  run: string;
  /** What the folder will be called, on this machine or on the hub. */
  out: string;
  format: string;
  provenance: Provenance;
  log: (line: string) => void;
  onProgress?: OnProgress;
}

/**
 * Writes the adapters of a run's newest checkpoint to `folder`. The base of a GGUF file, which PEFT cannot load, is
 * written beside them with the weights they were trained on.
 *
 * @throws InputError when the run has no adapters, or its base is gone or was changed
 */
export async function exportAdapter(
  folder: string,
  { run, out, format, provenance, log, onProgress }: AdapterExport,
): Promise<void> {
  const adapter = adapterOf(run), source = await openBase(run);
  try {
    const quantised = source.format === "gguf", onHub = format === "hub";
    if (onHub && !(source.hub && !quantised)) {
      throw new InputError(
        `the base of ${run} is ${source.name}, which is no folder of the hub, so PEFT could not find it from there; ` +
          "export with lora=merged, or with format=hf.",
      );
    }
    if (quantised) await savePolicy(join(folder, BASE), policyOf(source, { onProgress }));
    const exported = quantised ? await openModel(join(folder, BASE)) : source;
    const base = quantised ? { name: join(out, BASE), digest: exported.digest } : {
      name: source.hub?.repo ?? source.name,
      revision: source.hub?.revision,
      digest: exported.digest,
    };
    if (quantised) exported.close();
    await copyAdapters(adapter, folder, base, source.digest);
    await writeFileWhole(
      join(folder, "README.md"),
      modelCard(provenance, {
        adapter: { base: base.name, baseDigest: base.digest, quantised },
        onHub,
      }),
    );
    if (quantised) {
      log(
        `The adapters were trained on the dequantised weights of ${source.name}, which are in ${base.name}; on other ` +
          "weights of the same model they give other results.",
      );
    }
  } finally {
    source.close();
  }
}

/**
 * The folder of the newest adapters of a run.
 * @throws InputError when it has none
 */
export function adapterOf(run: string): string {
  const adapter = join(run, "LATEST", "adapter");
  if (existsSync(join(adapter, ADAPTER_CONFIG))) return adapter;
  throw new InputError(`${run} trained no LoRA adapters; export it with lora=merged.`);
}

/**
 * The model that the run began with.
 * @throws InputError when it is gone or was changed
 */
export async function openBase(run: string): Promise<ModelSource> {
  const { model } = (await readRunConfig(run))!;
  const source = await openModel(atRevision(model.name, model.revision));
  if (model.digest === undefined || model.digest === source.digest) return source;
  source.close();
  throw new InputError(
    `${model.name} is not what ${run} was trained on: its digest is ${source.digest}, not ${model.digest}; put the ` +
      "model back, or export with lora=merged.",
  );
}
