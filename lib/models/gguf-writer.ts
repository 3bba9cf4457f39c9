/**
 * Writing a GGUF file (version 3, little endian): the header through @huggingface/gguf, then the tensors, one in
 * memory at a time.
 *
 * @see {@link https://github.com/ggml-org/ggml/blob/master/docs/gguf.md}
 * @module
 */
import { type GGUFTypedMetadata, GGUFValueType, serializeGgufMetadata } from "@huggingface/gguf";
import type { GgmlEncoding } from "@/lib/models/ggml-encode.ts";
import { createTensorFile, type TensorFile } from "@/lib/models/tensor-file.ts";

/** A metadata value with the type that it is stored as. */
export interface GgufValue {
  type: GGUFValueType;
  value: string | number | boolean | string[] | number[];
  /** Type of the items of an array. */
  subType?: GGUFValueType;
}

export const text = (value: string): GgufValue => ({ type: GGUFValueType.STRING, value });
export const uint = (value: number): GgufValue => ({ type: GGUFValueType.UINT32, value });
export const float = (value: number): GgufValue => ({ type: GGUFValueType.FLOAT32, value });
export const bool = (value: boolean): GgufValue => ({ type: GGUFValueType.BOOL, value });
export const texts = (value: string[]): GgufValue => ({
  type: GGUFValueType.ARRAY,
  subType: GGUFValueType.STRING,
  value,
});
export const ints = (value: number[]): GgufValue => ({
  type: GGUFValueType.ARRAY,
  subType: GGUFValueType.INT32,
  value,
});

export const floats = (value: number[]): GgufValue => ({
  type: GGUFValueType.ARRAY,
  subType: GGUFValueType.FLOAT32,
  value,
});

/** A tensor to be written. */
export interface GgufSpec {
  name: string;
  /** Row-major, slowest axis first; the file has it the other way round. */
  shape: number[];
  encoding: GgmlEncoding;
}

const ALIGNMENT = 32;
const aligned = (n: number) => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/** Starts a GGUF file with the given tensors, in that order. It bears a temporary name until `finish`. */
export function createGguf(
  path: string,
  metadata: Record<string, GgufValue>,
  specs: readonly GgufSpec[],
): TensorFile<Float32Array> {
  const places = new Map<string, { start: number; elements: number; encoding: GgmlEncoding }>();
  const infos: Uint8Array[] = [];
  let end = 0;
  for (const { name, shape, encoding } of specs) {
    if (places.has(name)) throw new Error(`tensor ${name} is named twice`);
    const elements = shape.reduce((product, n) => product * n, 1);
    places.set(name, { start: end, elements, encoding });
    infos.push(tensorInfo(name, shape, encoding, end));
    end += aligned(elements / encoding.blockSize * encoding.blockBytes);
  }
  const head = joined([header(metadata, specs.length), ...infos]);
  const dataStart = aligned(head.length);
  return createTensorFile(path, {
    head,
    dataStart,
    dataBytes: end,
    places,
    encode(values: Float32Array, { elements, encoding }, name) {
      if (values.length !== elements) {
        throw new Error(`${path}: tensor ${name} has ${elements} elements, got ${values.length}`);
      }
      return encoding.encode(values);
    },
  });
}

function header(metadata: Record<string, GgufValue>, tensors: number): Uint8Array {
  const typed = {
    version: { value: 3, type: GGUFValueType.UINT32 },
    tensor_count: { value: BigInt(tensors), type: GGUFValueType.UINT64 },
    kv_count: { value: BigInt(Object.keys(metadata).length), type: GGUFValueType.UINT64 },
    ...metadata,
  } as GGUFTypedMetadata;
  // The list of tensors follows without a gap.
  return serializeGgufMetadata(typed, { alignment: 1 });
}

function tensorInfo(name: string, shape: number[], encoding: GgmlEncoding, start: number) {
  const nameBytes = new TextEncoder().encode(name);
  const bytes = new Uint8Array(8 + nameBytes.length + 4 + 8 * shape.length + 4 + 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(nameBytes.length), true);
  bytes.set(nameBytes, 8);
  let at = 8 + nameBytes.length;
  view.setUint32(at, shape.length, true);
  at += 4;
  for (const n of shape.toReversed()) {
    view.setBigUint64(at, BigInt(n), true);
    at += 8;
  }
  view.setUint32(at, encoding.number, true);
  view.setBigUint64(at + 4, BigInt(start), true);
  return bytes;
}

function joined(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
