/**
 * How Hugging Face's files name and lay out the tensors of a model, family by family.
 *
 * @module
 */
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { familyOf } from "@/lib/models/families/mod.ts";

/** A tensor as it is in files. */
export interface StoredTensor {
  name: string;
  /** Other names that a file may have for it. */
  alternatives: string[];
  shape: number[];
  /** From the file's values to those in memory, and back. */
  toMemory(values: Float32Array): Float32Array;
  toFile(values: Float32Array): Float32Array;
}

const IN_LAYER = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/;

/** Name and rows of a tensor in files. */
function storedPlace(
  config: DecoderConfig,
  name: string,
): { name: string; transposed: boolean; rows: Int32Array | null } {
  const files = familyOf(config.architecture)?.files;
  if (!files) return { name, transposed: false, rows: null };
  const [, layer, inLayer, inLayerKind] = IN_LAYER.exec(name) ?? [];
  const [, outside, outsideKind] = /^(.+)\.(weight|bias)$/.exec(name)!;
  const module = inLayer ?? outside, kind = inLayerKind ?? outsideKind;
  const prefix = layer === undefined ? "" : `${files.layers ?? "model.layers."}${layer}.`;
  return {
    name: `${prefix}${files.modules[module] ?? module}.${kind}`,
    transposed: kind === "weight" && (files.transposed?.includes(module) ?? false),
    rows: files.rows?.(module, config) ?? null,
  };
}

/** Every tensor of a model as files have it, by its name in memory. */
export function storedTensors(config: DecoderConfig): Map<string, StoredTensor> {
  const alternatives = familyOf(config.architecture)?.files?.alternatives;
  return new Map(
    [...tensorShapes(config)].map(([memoryName, shape]) => {
      const { name, transposed, rows } = storedPlace(config, memoryName);
      const width = shape.length === 1 ? 1 : shape[1];
      return [memoryName, {
        name,
        alternatives: alternatives?.(name) ?? [],
        shape: transposed ? shape.toReversed() : shape,
        toMemory: (values) =>
          ordered(transposed ? transpose(values, width) : values, rows, width, false),
        toFile: (values) => {
          const inOrder = ordered(values, rows, width, true);
          return transposed ? transpose(inOrder, shape[0]) : inOrder;
        },
      }];
    }),
  );
}

/** An adapter's tensor in files of PEFT's, and where its rows are. */
export interface StoredAdapter {
  name: string;
  /** What PEFT has to look for, to find the matrices of this kind in a model. */
  target: string;
  /** The matrix is stored as [in, out]; adapters never are. */
  transposed: boolean;
  toMemory(values: Float32Array): Float32Array;
  toFile(values: Float32Array): Float32Array;
}

/**
 * How PEFT's files have an adapter.
 *
 * @param name its name in memory, `base_model.model.MODULE.lora_A.weight`
 * @param shape of the tensor
 */
export function storedAdapter(
  config: DecoderConfig,
  name: string,
  shape: number[],
): StoredAdapter {
  const [, matrix, which] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name)!;
  const { name: stored, rows, transposed } = storedPlace(config, `${matrix}.weight`);
  const module = stored.replace(/\.weight$/, ""), order = which === "B" ? rows : null;
  return {
    name: `base_model.model.${module}.lora_${which}.weight`,
    // Two matrices of a layer may end in the same word where files have names of their own.
    target: familyOf(config.architecture)?.files
      ? module.replace(/^.*?\.\d+\./, "")
      : module.split(".").at(-1)!,
    transposed,
    toMemory: (values) => ordered(values, order, shape[1], false),
    toFile: (values) => ordered(values, order, shape[1], true),
  };
}

/** A matrix with so many rows, transposed. */
function transpose(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows, out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  }
  return out;
}

/** Rows in another order: row i is row `order[i]` of what is given, or with `back` the other way round. */
function ordered(
  values: Float32Array,
  order: Int32Array | null,
  width: number,
  back: boolean,
): Float32Array {
  if (!order) return values;
  const out = new Float32Array(values.length);
  order.forEach((row, i) => {
    const [from, to] = back ? [i, row] : [row, i];
    out.set(values.subarray(from * width, (from + 1) * width), to * width);
  });
  return out;
}
