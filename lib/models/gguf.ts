/**
 * GGUF files: the header through @huggingface/gguf, checked against the file before anything is allocated, and
 * tensors as fp32, one at a time.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { resolve } from "node:path";
import { gguf } from "@huggingface/gguf";
import { InputError } from "@/lib/errors.ts";
import { type FileReader, openReader, readChunks } from "@/lib/models/file-reader.ts";
import { GGML_TYPES, type GgmlType } from "@/lib/models/ggml-types.ts";

/** A tensor's place in the file. */
export interface GgufTensor {
  /** ggml's name, such as `blk.0.attn_q.weight`. */
  name: string;
  /** Row-major, slowest axis first (the file has it the other way round). */
  shape: number[];
  type: GgmlType;
  /** First byte in the file. */
  start: number;
  byteLength: number;
}

/** An open GGUF file. */
export interface GgufFile {
  path: string;
  /** Key to value as in the file; 64-bit integers as `bigint`. */
  metadata: Readonly<Record<string, unknown>>;
  tensors: ReadonlyMap<string, GgufTensor>;
  /** The tensor's values in fp32, in the file's order of rows. */
  read(name: string): Float32Array;
  /** Whether two tensors have one shape, one format and the same bytes. */
  same(one: string, other: string): boolean;
  close(): void;
}

/** More tensors or keys than any model has: a damaged header. */
const LARGEST_COUNT = 100_000;

const COMPARED_BYTES = 2 ** 20;

/**
 * Opens a GGUF file (version 2 or 3, little endian).
 *
 * @throws InputError for a file that is missing, is not GGUF, is cut short, or names tensors outside of itself
 *   or in a format that cannot be read
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const reader = openReader(path);
  try {
    checkStart(reader);
    const { metadata, tensors } = await readHeader(reader);
    return {
      path,
      metadata,
      tensors,
      read: (name) => readTensor(reader, tensors, name),
      same: (one, other) =>
        sameTensor(reader, namedTensor(reader, tensors, one), namedTensor(reader, tensors, other)),
      close: () => reader.close(),
    };
  } catch (error) {
    reader.close();
    throw error;
  }
}

/** Refuses what is not GGUF before the header is parsed, so that the counts in it are sane. */
function checkStart(reader: FileReader): void {
  const start = new Uint8Array(24);
  if (reader.size < start.length) {
    throw new InputError(
      `${reader.path} has only ${reader.size} bytes: it is not a GGUF file, or it was cut short.`,
    );
  }
  reader.read(start, 0);
  const magic = String.fromCharCode(...start.subarray(0, 4));
  if (magic !== "GGUF") {
    throw new InputError(
      `${reader.path} is not a GGUF file: it starts with ${JSON.stringify(magic)}, not "GGUF".`,
    );
  }
  const view = new DataView(start.buffer);
  const version = view.getUint32(4, true);
  if (version !== 2 && version !== 3) {
    const swapped = view.getUint32(4, false);
    throw new InputError(
      swapped === 2 || swapped === 3
        ? `${reader.path} is a big-endian GGUF file; only little-endian ones can be read.`
        : `${reader.path} is GGUF version ${version}; versions 2 and 3 can be read.`,
    );
  }
  for (const [at, what] of [[8, "tensors"], [16, "metadata keys"]] as const) {
    const count = view.getBigUint64(at, true);
    if (count > LARGEST_COUNT) {
      throw new InputError(`${reader.path} is damaged: its header claims ${count} ${what}.`);
    }
  }
}

async function readHeader(reader: FileReader) {
  const { path, size } = reader;
  let header;
  try {
    header = await gguf(resolve(path), { allowLocalFile: true });
  } catch (error) {
    throw new InputError(
      `${path} has a damaged or truncated GGUF header: ${(error as Error).message}.`,
    );
  }
  // The parser reads zeros behind the end of the file, so a cut header shows only here.
  const dataStart = Number(header.tensorDataOffset);
  if (header.tensorInfoByteRange[1] > size || (header.tensorInfos.length && dataStart > size)) {
    throw new InputError(`${path} is truncated: the file ends (${size} bytes) inside its header.`);
  }
  const metadata = header.metadata as Record<string, unknown>;
  const alignment = Number(metadata["general.alignment"] ?? 32);
  const tensors = new Map<string, GgufTensor>();
  for (const info of header.tensorInfos) {
    const { name } = info;
    const at = `${path}: tensor ${name}`;
    if (tensors.has(name)) throw new InputError(`${at} appears twice.`);
    const type = GGML_TYPES.get(info.dtype);
    if (!type) {
      const known = [...GGML_TYPES.values()].map((t) => t.name).join(", ");
      throw new InputError(
        `${at} has the ggml type ${info.dtype}, which cannot be read; ${known} can.`,
      );
    }
    if (info.shape.length < 1 || info.shape.length > 4 || info.shape.some((n) => n < 1n)) {
      throw new InputError(`${at} has the impossible shape [${info.shape.join(", ")}].`);
    }
    if (info.shape[0] % BigInt(type.blockSize) !== 0n) {
      throw new InputError(
        `${at} has rows of ${
          info.shape[0]
        } elements, not a multiple of ${type.name}'s block of ${type.blockSize}.`,
      );
    }
    // In big integers: a damaged shape multiplies to far more than a double holds exactly.
    const elements = info.shape.reduce((product, n) => product * n, 1n);
    const bytes = elements / BigInt(type.blockSize) * BigInt(type.blockBytes);
    const start = BigInt(dataStart) + info.offset;
    if (start + bytes > BigInt(size)) {
      throw new InputError(
        `${at} claims ${elements} elements (${bytes} bytes from byte ${start}), but the file ends at byte ${size}: ` +
          `it is truncated or damaged; fetch it again.`,
      );
    }
    if (info.offset % BigInt(alignment) !== 0n) {
      throw new InputError(`${at} starts at ${info.offset}, which is not aligned to ${alignment}.`);
    }
    tensors.set(name, {
      name,
      shape: info.shape.map(Number).reverse(),
      type,
      start: Number(start),
      byteLength: Number(bytes),
    });
  }
  return { metadata, tensors };
}

function namedTensor(
  { path }: FileReader,
  tensors: ReadonlyMap<string, GgufTensor>,
  name: string,
): GgufTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new InputError(`${path} has no tensor named ${name}.`);
  return tensor;
}

/** Reads no further than the first difference. */
function sameTensor(reader: FileReader, one: GgufTensor, other: GgufTensor): boolean {
  if (one.type !== other.type || one.shape.join() !== other.shape.join()) return false;
  const mine = Buffer.alloc(COMPARED_BYTES), theirs = Buffer.alloc(COMPARED_BYTES);
  for (let at = 0; at < one.byteLength; at += COMPARED_BYTES) {
    const length = Math.min(COMPARED_BYTES, one.byteLength - at);
    reader.read(mine.subarray(0, length), one.start + at);
    reader.read(theirs.subarray(0, length), other.start + at);
    if (Buffer.compare(mine.subarray(0, length), theirs.subarray(0, length)) !== 0) return false;
  }
  return true;
}

function readTensor(
  reader: FileReader,
  tensors: ReadonlyMap<string, GgufTensor>,
  name: string,
): Float32Array {
  const tensor = namedTensor(reader, tensors, name), { type } = tensor;
  const out = new Float32Array(tensor.shape.reduce((product, n) => product * n, 1));
  readChunks(reader, tensor.start, tensor.byteLength, type.blockBytes, (bytes, done) => {
    type.dequantize(bytes, out, done / type.blockBytes * type.blockSize);
  });
  return out;
}
