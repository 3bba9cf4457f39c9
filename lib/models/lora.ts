/**
 * LoRA: instead of a matrix W [out, in] two thin ones are trained, A [r, in] and B [out, r], whose product is
 * added to it: y = x·Wᵀ + (alpha/r)·dropout(x)·Aᵀ·Bᵀ. (Hu et al. 2021, arXiv:2106.09685, equation 3.)
 *
 * @module
 */
import { createHash } from "node:crypto";
import { xoroshiro128plus } from "pure-rand";
import { InputError } from "@/lib/errors.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import type { Weight } from "@/lib/models/export.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/**
 * Matrices of each layer that adapters can be put on, PEFT's "all-linear": of these every model has some. The joined
 * ones are of families whose files have one matrix for several.
 */
export const LORA_TARGETS = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
  "qkv_proj",
  "gate_up_proj",
] as const;
export type LoraTarget = typeof LORA_TARGETS[number];

/** Which adapters there are, in the words of PEFT's LoraConfig. */
export interface LoraSettings {
  /** Inner width of the adapters. */
  r: number;
  /** The product of A and B is multiplied by alpha/r. */
  alpha: number;
  /** Probability with which an input of A is set to 0 while training. */
  dropout: number;
  /** In the order of {@link LORA_TARGETS}. */
  targets: LoraTarget[];
}

/** Names of one matrix's adapters, as PEFT saves them. */
export interface AdapterNames {
  a: string;
  b: string;
}

/** @param matrix name of the base's tensor, as in `model.layers.0.self_attn.q_proj.weight` */
export function adapterNames(matrix: string): AdapterNames {
  const module = `base_model.model.${matrix.replace(/\.weight$/, "")}`;
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` };
}

const isAdapted = (name: string, targets: readonly string[]) =>
  targets.includes(name.split(".").at(-2)!) && /^model\.layers\..+\.weight$/.test(name);

/**
 * Every adapter tensor and its shape, A before B, in the order of the base's matrices.
 * @throws InputError when the base has none of the matrices
 */
export function adapterShapes(config: DecoderConfig, lora: LoraSettings): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const [matrix, [rows, columns]] of tensorShapes(config)) {
    if (!isAdapted(matrix, lora.targets)) continue;
    const { a, b } = adapterNames(matrix);
    shapes.set(a, [lora.r, columns]);
    shapes.set(b, [rows, lora.r]);
  }
  if (shapes.size === 0) {
    const there = LORA_TARGETS.filter((target) =>
      tensorShapes(config).keys().some((name) => isAdapted(name, [target]))
    );
    throw new InputError(
      `lora.targets=[${lora.targets}] names no matrix of a ${config.architecture} model; it has ${
        there.join(", ")
      }.`,
    );
  }
  return shapes;
}

/**
 * Adapters that change nothing yet, as PEFT's: A uniform between ±1/√in (Kaiming's with a = √5), B zero. Each
 * tensor depends on the seed and its name alone.
 */
export function initialAdapters(config: DecoderConfig, lora: LoraSettings, seed: number): Weights {
  return Object.fromEntries(
    [...adapterShapes(config, lora)].map(([name, shape]) => [
      name,
      name.endsWith(".lora_A.weight")
        ? tf.tensor(uniform(`${seed}/${name}`, shape, 1 / Math.sqrt(shape[1])), shape)
        : tf.zeros(shape),
    ]),
  );
}

/** Numbers between ±bound. */
function uniform(seed: string, [rows, columns]: number[], bound: number): Float32Array {
  const random = xoroshiro128plus(createHash("sha256").update(seed).digest().readInt32LE(0));
  return Float32Array.from(
    { length: rows * columns },
    () => bound * random.unsafeNext() / 2 ** 31,
  );
}

/**
 * The base with its adapters worked in, W + (alpha/r)·B·A in fp32, one tensor in memory at a time.
 *
 * @param source the base; is read from its file
 */
export async function* mergedWeights(
  source: ModelSource,
  adapters: Weights,
  { r, alpha }: LoraSettings,
): AsyncGenerator<Weight> {
  for (const name of source.tensorNames) {
    const shape = source.shape(name), data = await source.read(name);
    const { a, b } = adapterNames(name);
    yield {
      name,
      shape,
      data: !adapters[b] ? data : tf.tidy(() =>
        tf.add(
          tf.tensor(data, shape),
          tf.mul(tf.matMul(adapters[b] as tf.Tensor2D, adapters[a] as tf.Tensor2D), alpha / r),
        ).dataSync() as Float32Array
      ),
    };
  }
}
