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
import { adapterShapes, type LoraSettings } from "@/lib/models/lora.ts";
import { openSafetensors, writeSafetensors } from "@/lib/models/safetensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { checkShape } from "@/lib/models/tensor-checks.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

const CONFIG = "adapter_config.json", WEIGHTS = "adapter_model.safetensors";
const DIGEST = "base_model_digest";

/** Saves adapters to `folder` (made if missing); every file is synced. The folder is the caller's to rename into place. */
export async function saveAdapters(
  folder: string,
  adapters: Weights,
  lora: LoraSettings,
  base: Pick<ModelSource, "name" | "digest">,
): Promise<void> {
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base.name,
    r: lora.r,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: lora.targets,
    bias: "none",
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
    modules_to_save: null,
  };
  await writeFileWhole(join(folder, CONFIG), JSON.stringify(config, null, 2) + "\n");
  await writeSafetensors(
    join(folder, WEIGHTS),
    Object.entries(adapters).map(([name, tensor]) => ({
      name,
      dtype: "F32",
      shape: tensor.shape,
      data: () => {
        const values = tensor.dataSync();
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      },
    })),
    { format: "pt", [DIGEST]: base.digest },
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
    if (file.metadata[DIGEST] !== base.digest) {
      throw new InputError(
        `${folder} was trained on a model with the digest ${
          file.metadata[DIGEST] ?? "(none)"
        }, but ${base.name} has ${base.digest}; name the model that it was begun with.`,
      );
    }
    const shapes = adapterShapes(config, lora);
    for (const [name, shape] of shapes) {
      const entry = file.tensors.get(name);
      if (!entry) throw new InputError(`${file.path} has no tensor named ${name}.`);
      checkShape(`${file.path}: tensor ${name}`, entry.shape, shape);
    }
    return Object.fromEntries(
      [...shapes].map(([name, shape]) => [name, tf.tensor(file.read(name), shape)]),
    );
  } finally {
    file.close();
  }
}
