/**
 * The safetensors format: eight bytes of header length, a JSON header, then the tensors' bytes.
 *
 * @see {@link https://github.com/huggingface/safetensors#format}
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { openReader, readChunks } from "@/lib/models/file-reader.ts";
import { bfloatToFloat, copyFloat, halfToFloat } from "@/lib/models/ggml-types.ts";
import { createTensorFile, type TensorFile } from "@/lib/models/tensor-file.ts";

/** Bytes per element of the formats that the reader knows the size of. */
const DTYPE_BYTES: Record<string, number> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

const TO_FLOAT: Record<string, (bytes: Uint8Array, out: Float32Array, at: number) => void> = {
  F32: copyFloat,
  F16: halfToFloat,
  BF16: bfloatToFloat,
};

/** A tensor's place in the file. */
export interface SafetensorsEntry {
  name: string;
  dtype: string;
  /** Row-major, slowest axis first. */
  shape: number[];
  /** First byte in the file. */
  start: number;
  byteLength: number;
}

/** An open safetensors file. */
export interface SafetensorsFile {
  path: string;
  /** The header's `__metadata__`. */
  metadata: Readonly<Record<string, string>>;
  tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** Values as fp32 (from F32, F16 or BF16). */
  read(name: string): Float32Array;
  /** The bytes as stored. */
  readBytes(name: string): Uint8Array;
  close(): void;
}

const LARGEST_HEADER = 100_000_000;

/**
 * Opens a safetensors file and checks its header against the file.
 *
 * @throws InputError for a file that is missing, is not safetensors, is cut short, or whose tensors do not fit
 */
export function openSafetensors(path: string): SafetensorsFile {
  const reader = openReader(path);
  const entryOf = (name: string) => {
    const entry = tensors.get(name);
    if (!entry) throw new InputError(`${path} has no tensor named ${name}.`);
    return entry;
  };
  let tensors: Map<string, SafetensorsEntry>, metadata: Record<string, string>;
  try {
    if (reader.size < 8) {
      throw new InputError(`${path} has only ${reader.size} bytes: it was cut short.`);
    }
    const lengthBytes = new Uint8Array(8);
    reader.read(lengthBytes, 0);
    const headerLength = new DataView(lengthBytes.buffer).getBigUint64(0, true);
    if (headerLength > BigInt(Math.min(LARGEST_HEADER, reader.size - 8))) {
      throw new InputError(
        `${path} is not a safetensors file or is truncated: it claims a header of ${headerLength} bytes, the file has ${reader.size}.`,
      );
    }
    const headerBytes = new Uint8Array(Number(headerLength));
    reader.read(headerBytes, 8);
    ({ tensors, metadata } = parseHeader(path, headerBytes, reader.size));
  } catch (error) {
    reader.close();
    throw error;
  }
  return {
    path,
    metadata,
    tensors,
    read(name) {
      const { dtype, shape, start, byteLength } = entryOf(name);
      const convert = TO_FLOAT[dtype];
      if (!convert) {
        throw new InputError(
          `${path}: tensor ${name} is ${dtype}; only ${
            Object.keys(TO_FLOAT).join(", ")
          } can be read.`,
        );
      }
      const out = new Float32Array(shape.reduce((product, n) => product * n, 1));
      const width = DTYPE_BYTES[dtype];
      readChunks(
        reader,
        start,
        byteLength,
        width,
        (bytes, done) => convert(bytes, out, done / width),
      );
      return out;
    },
    readBytes(name) {
      const { start, byteLength } = entryOf(name);
      const bytes = new Uint8Array(byteLength);
      reader.read(bytes, start);
      return bytes;
    },
    close: () => reader.close(),
  };
}

function parseHeader(path: string, bytes: Uint8Array, fileSize: number) {
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header !== "object" || header === null) throw new Error("not an object");
  } catch (error) {
    throw new InputError(
      `${path} is not a safetensors file: its header is not JSON (${(error as Error).message}).`,
    );
  }
  const dataStart = 8 + bytes.length;
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = value as Record<string, string>;
      continue;
    }
    const at = `${path}: tensor ${name}`;
    const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>;
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (
      typeof dtype !== "string" || !whole(shape) || !whole(data_offsets) ||
      data_offsets.length !== 2
    ) {
      throw new InputError(`${at} has a damaged entry in the header.`);
    }
    if (!(dtype in DTYPE_BYTES)) throw new InputError(`${at} has the unknown dtype ${dtype}.`);
    const [begin, end] = data_offsets;
    const expected = shape.reduce((product, n) => product * BigInt(n), 1n) *
      BigInt(DTYPE_BYTES[dtype]);
    if (BigInt(end - begin) !== expected) {
      throw new InputError(
        `${at} of shape [${
          shape.join(", ")
        }] and dtype ${dtype} needs ${expected} bytes, but its entry spans ${end - begin}.`,
      );
    }
    if (dataStart + end > fileSize) {
      throw new InputError(
        `${at} ends at byte ${
          dataStart + end
        }, but the file ends at byte ${fileSize}: it is truncated or damaged.`,
      );
    }
    tensors.set(name, { name, dtype, shape, start: dataStart + begin, byteLength: end - begin });
  }
  return { tensors, metadata };
}

/** What a tensor to be written looks like. */
export interface TensorSpec {
  name: string;
  /** One of safetensors' names: F32, F16, BF16, I64, U8, … */
  dtype: string;
  shape: number[];
}

/**
 * Starts a safetensors file with the given tensors, in that order; they are written as little-endian bytes. It bears a temporary name until `finish`.
 *
 * @param metadata stored as `__metadata__`; transformers wants `format: "pt"`
 */
export function createSafetensors(
  path: string,
  specs: readonly TensorSpec[],
  metadata: Record<string, string> = { format: "pt" },
): TensorFile<Uint8Array> {
  const header: [string, unknown][] = [["__metadata__", metadata]];
  const places = new Map<string, { start: number; byteLength: number }>();
  let end = 0;
  for (const { name, dtype, shape } of specs) {
    if (!(dtype in DTYPE_BYTES)) throw new Error(`unknown dtype ${dtype} of ${name}`);
    if (places.has(name)) throw new Error(`tensor ${name} is named twice`);
    const byteLength = shape.reduce((product, n) => product * n, 1) * DTYPE_BYTES[dtype];
    header.push([name, { dtype, shape, data_offsets: [end, end + byteLength] }]);
    places.set(name, { start: end, byteLength });
    end += byteLength;
  }
  const json = JSON.stringify(Object.fromEntries(header));
  const jsonBytes = new TextEncoder().encode(json);
  // Padded with spaces so that the data start on a multiple of eight.
  const head = new Uint8Array(8 + Math.ceil(jsonBytes.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(jsonBytes, 8);
  return createTensorFile(path, {
    head,
    dataStart: head.length,
    dataBytes: end,
    places,
    encode(bytes: Uint8Array, { byteLength }, name) {
      if (bytes.length !== byteLength) {
        throw new Error(`${path}: tensor ${name} needs ${byteLength} bytes, got ${bytes.length}`);
      }
      return bytes;
    },
  });
}

/**
 * Writes a safetensors file from start to end, one tensor in memory at a time; synced, and named only when
 * whole.
 *
 * @param tensors `data` gives the little-endian bytes of one tensor when its turn comes
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly (TensorSpec & { data: () => Promise<Uint8Array> | Uint8Array })[],
  metadata?: Record<string, string>,
): Promise<void> {
  const writer = createSafetensors(path, tensors, metadata);
  try {
    for (const tensor of tensors) writer.write(tensor.name, await tensor.data());
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}
