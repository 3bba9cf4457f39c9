/**
 * LoRA adapters as PEFT keeps them: a folder with adapter_config.json and adapter_model.safetensors (fp32).
 * `PeftModel.from_pretrained(base, folder)` reads it.
 *
 * The digest of the base is in the safetensors file's metadata: PEFT warns of keys in adapter_config.json that it
 * does not know.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { adapterShapes, LORA_TARGETS, type LoraSettings } from "@/lib/models/lora.ts";
import { openSafetensors, writeSafetensors } from "@/lib/models/safetensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { storedAdapter } from "@/lib/models/stored-tensors.ts";
import { checkShape } from "@/lib/models/tensor-checks.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

export const ADAPTER_CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
/** Keys of the weights' metadata: digest of the model trained on, and of the same weights in a folder for PEFT. */
const DIGEST = "base_model_digest", EXPORTED_DIGEST = "exported_base_digest";

/** Saves adapters to `folder` (made if missing); every file is synced. The folder is the caller's to rename into place. */
export async function saveAdapters(
  folder: string,
  adapters: Weights,
  lora: LoraSettings,
  base: Pick<ModelSource, "name" | "digest" | "config" | "hub">,
): Promise<void> {
  const stored = Object.entries(adapters).map(([name, tensor]) => ({
    ...storedAdapter(base.config, name, tensor.shape),
    tensor,
  }));
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base.hub?.repo ?? base.name,
    revision: base.hub?.revision ?? null,
    r: lora.r,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: [...new Set(stored.map(({ target }) => target))],
    bias: "none",
    fan_in_fan_out: stored.some(({ transposed }) => transposed),
    init_lora_weights: true,
    inference_mode: true,
    modules_to_save: null,
  };
  await writeFileWhole(join(folder, ADAPTER_CONFIG), JSON.stringify(config, null, 2) + "\n");
  await writeSafetensors(
    join(folder, WEIGHTS),
    stored.map(({ name, tensor, toFile }) => ({
      name,
      dtype: "F32",
      shape: tensor.shape,
      data: () => {
        const values = toFile(tensor.dataSync() as Float32Array);
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      },
    })),
    { format: "pt", [DIGEST]: base.digest },
  );
}

/**
 * Copies adapters that {@link saveAdapters} wrote, naming another place of their base.
 *
 * @param base where PEFT finds the weights that they were trained on
 * @param trainedOn digest of the model that training began with
 * @throws InputError when they were trained on another model
 */
export async function copyAdapters(
  from: string,
  to: string,
  base: Pick<ModelSource, "digest"> & { name: string; revision?: string },
  trainedOn: string,
): Promise<void> {
  const file = openSafetensors(join(from, WEIGHTS));
  try {
    checkBase(from, file.metadata[DIGEST], { name: base.name, digest: trainedOn });
    const config = JSON.parse(await Deno.readTextFile(join(from, ADAPTER_CONFIG)));
    const named = {
      ...config,
      base_model_name_or_path: base.name,
      revision: base.revision ?? null,
    };
    await writeFileWhole(join(to, ADAPTER_CONFIG), JSON.stringify(named, null, 2) + "\n");
    await writeSafetensors(
      join(to, WEIGHTS),
      [...file.tensors.values()].map(({ name, dtype, shape }) => ({
        name,
        dtype,
        shape,
        data: () => file.readBytes(name),
      })),
      { ...file.metadata, [EXPORTED_DIGEST]: base.digest },
    );
  } finally {
    file.close();
  }
}

/** An adapter's tensor as it is in memory. */
export interface AdapterTensor {
  /** The matrix that it is put on, as `model.layers.0.self_attn.q_proj.weight`. */
  matrix: string;
  part: "a" | "b";
  shape: number[];
  read(): Float32Array;
}

/** Open adapters. */
export interface OpenAdapters {
  r: number;
  alpha: number;
  tensors: AdapterTensor[];
  close(): void;
}

/**
 * Opens adapters that {@link saveAdapters} wrote, for what copies them tensor by tensor.
 *
 * @param base the model that training began with
 * @throws InputError when they were trained on another model
 */
export function openAdapters(
  folder: string,
  base: Pick<ModelSource, "name" | "digest" | "config">,
): OpenAdapters {
  const { r, lora_alpha: alpha } = JSON.parse(Deno.readTextFileSync(join(folder, ADAPTER_CONFIG)));
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    checkBase(folder, file.metadata[DIGEST], base);
    const all: LoraSettings = { r, alpha, dropout: 0, targets: [...LORA_TARGETS] };
    const tensors = [...adapterShapes(base.config, all)].flatMap(([name, shape]) => {
      const { name: inFile, toMemory } = storedAdapter(base.config, name, shape);
      const entry = file.tensors.get(inFile);
      if (!entry) return [];
      checkShape(`${file.path}: tensor ${inFile}`, entry.shape, shape);
      const [, module, part] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name)!;
      return [{
        matrix: `${module}.weight`,
        part: part === "A" ? "a" as const : "b" as const,
        shape,
        read: () => toMemory(file.read(inFile)),
      }];
    });
    return { r, alpha, tensors, close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkBase(
  folder: string,
  found: string | undefined,
  base: { name: string; digest: string },
) {
  if (found === base.digest) return;
  throw new InputError(
    `${folder} was trained on a model with the digest ${found ?? "(none)"}, but ${base.name} has ` +
      `${base.digest}; name the model that it was begun with.`,
  );
}

/**
 * Reads adapters that {@link saveAdapters} wrote.
 *
 * @throws InputError when they were trained on another base, or are not those of `lora`
 */
export function loadAdapters(
  folder: string,
  config: DecoderConfig,
  lora: LoraSettings,
  base: Pick<ModelSource, "name" | "digest">,
): Weights {
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    checkBase(folder, file.metadata[DIGEST], base);
    return Object.fromEntries(
      [...adapterShapes(config, lora)].map(([name, shape]) => {
        const { name: inFile, toMemory } = storedAdapter(config, name, shape);
        const entry = file.tensors.get(inFile);
        if (!entry) throw new InputError(`${file.path} has no tensor named ${inFile}.`);
        checkShape(`${file.path}: tensor ${inFile}`, entry.shape, shape);
        return [name, tf.tensor(toMemory(file.read(inFile)), shape)];
      }),
    );
  } finally {
    file.close();
  }
}
