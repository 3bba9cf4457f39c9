/**
 * The number formats that tensors of a GGUF file are written in, bit for bit as ggml's `quantize_row_*_ref`
 * (ggml-quants.c) makes them from fp32.
 *
 * @module
 */

/** One format. */
export interface GgmlEncoding {
  name: string;
  /** Its number in the file (`enum ggml_type`). */
  number: number;
  /** `general.file_type` of a file whose matrices have this format (`enum llama_ftype`). */
  fileType: number;
  /** Elements in a block; rows have to be multiples of it. */
  blockSize: number;
  /** Bytes in a block. */
  blockBytes: number;
  /** Whole blocks to bytes. */
  encode(values: Float32Array): Uint8Array;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float16Array) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const Q8_BLOCK = 32, Q8_BYTES = 34;

/** Blocks of a half-precision scale, the largest magnitude over 127, and 32 signed bytes. */
function q8_0(values: Float32Array): Uint8Array {
  const blocks = values.length / Q8_BLOCK, out = new Uint8Array(blocks * Q8_BYTES);
  const scale = new Float16Array(1), scaleBytes = bytesOf(scale);
  for (let block = 0; block < blocks; block++) {
    const from = block * Q8_BLOCK, to = block * Q8_BYTES;
    let largest = 0;
    for (let j = 0; j < Q8_BLOCK; j++) largest = Math.max(largest, Math.abs(values[from + j]));
    const d = Math.fround(largest / 127), inverse = d === 0 ? 0 : Math.fround(1 / d);
    scale[0] = d;
    out.set(scaleBytes, to);
    for (let j = 0; j < Q8_BLOCK; j++) {
      const x = Math.fround(values[from + j] * inverse), magnitude = Math.abs(x);
      // C's roundf: halves go away from zero.
      const whole = Math.floor(magnitude), up = magnitude - whole >= 0.5 ? 1 : 0;
      out[to + 2 + j] = x < 0 ? -(whole + up) : whole + up;
    }
  }
  return out;
}

/** Formats by the names that settings use. */
export const GGML_ENCODINGS = {
  f32: { name: "F32", number: 0, fileType: 0, blockSize: 1, blockBytes: 4, encode: bytesOf },
  f16: {
    name: "F16",
    number: 1,
    fileType: 1,
    blockSize: 1,
    blockBytes: 2,
    encode: (values) => bytesOf(new Float16Array(values)),
  },
  q8_0: {
    name: "Q8_0",
    number: 8,
    fileType: 7,
    blockSize: Q8_BLOCK,
    blockBytes: Q8_BYTES,
    encode: q8_0,
  },
} as const satisfies Record<string, GgmlEncoding>;
export type GgmlEncodingName = keyof typeof GGML_ENCODINGS;
