/** Adapters of the small models of tests/oracles/oracle_families.py, from the same formula as their weights. */
import type { DecoderConfig } from "@/lib/models/config.ts";
import { adapterShapes, LORA_TARGETS, type LoraSettings } from "@/lib/models/lora.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { uniform } from "./family-goldens.ts";

/** On all matrices that have some. */
export const GOLDEN_LORA: LoraSettings = { r: 2, alpha: 6, dropout: 0, targets: [...LORA_TARGETS] };

export const goldenAdapters = (config: DecoderConfig): Weights =>
  Object.fromEntries(
    [...adapterShapes(config, GOLDEN_LORA)].map(([name, shape], i) => [
      name,
      tf.tensor(Float32Array.from(uniform(100 + i, shape[0] * shape[1]), (u) => 0.1 * u), shape),
    ]),
  );
