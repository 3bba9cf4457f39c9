/**
 * The number formats of ggml tensors and how they become fp32, bit for bit as ggml's `dequantize_row_*`
 * (ggml-quants.c). A quantised row is a run of blocks; each block holds its own scale.
 *
 * Every product below is exact in a double (half-precision scales have 11 bits, codes at most 8), so storing
 * into a Float32Array rounds once, as C's float arithmetic does.
 *
 * @module
 */
import { K_BLOCK, q4K, q5K, q6K } from "@/lib/models/ggml-k-quants.ts";
import { HALF } from "@/lib/models/half.ts";

/** One format. */
export interface GgmlType {
  name: string;
  /** Elements in a block. */
  blockSize: number;
  /** Bytes in a block. */
  blockBytes: number;
  /** Writes all of `bytes` (whole blocks) to `out` from index `at` on. */
  dequantize(bytes: Uint8Array, out: Float32Array, at: number): void;
}

/** Half precision (IEEE binary16, little endian) to fp32. */
export function halfToFloat(bytes: Uint8Array, out: Float32Array, at: number): void {
  for (let i = 0; i < bytes.length; i += 2) out[at++] = HALF[bytes[i] | (bytes[i + 1] << 8)];
}

/** bfloat16 (little endian) to fp32: the upper half of the bits. */
export function bfloatToFloat(bytes: Uint8Array, out: Float32Array, at: number): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bytes.length; i += 2) {
    bits[at++] = ((bytes[i] << 16) | (bytes[i + 1] << 24)) >>> 0;
  }
}

/** fp32 (little endian) as it is. */
export function copyFloat(bytes: Uint8Array, out: Float32Array, at: number): void {
  new Uint8Array(out.buffer, out.byteOffset + at * 4, bytes.length).set(bytes);
}

function q4_0(bytes: Uint8Array, out: Float32Array, at: number): void {
  for (let block = 0; block < bytes.length; block += 18, at += 32) {
    const scale = HALF[bytes[block] | (bytes[block + 1] << 8)];
    for (let j = 0; j < 16; j++) {
      const code = bytes[block + 2 + j];
      out[at + j] = ((code & 15) - 8) * scale;
      out[at + 16 + j] = ((code >> 4) - 8) * scale;
    }
  }
}

function q4_1(bytes: Uint8Array, out: Float32Array, at: number): void {
  for (let block = 0; block < bytes.length; block += 20, at += 32) {
    const scale = HALF[bytes[block] | (bytes[block + 1] << 8)];
    const least = HALF[bytes[block + 2] | (bytes[block + 3] << 8)];
    for (let j = 0; j < 16; j++) {
      const code = bytes[block + 4 + j];
      out[at + j] = (code & 15) * scale + least;
      out[at + 16 + j] = (code >> 4) * scale + least;
    }
  }
}

/** The fifth bits of a block's 32 codes: bit j is element j's. */
function fifthBits(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function q5_0(bytes: Uint8Array, out: Float32Array, at: number): void {
  for (let block = 0; block < bytes.length; block += 22, at += 32) {
    const scale = HALF[bytes[block] | (bytes[block + 1] << 8)];
    const high = fifthBits(bytes, block + 2);
    for (let j = 0; j < 16; j++) {
      const code = bytes[block + 6 + j];
      out[at + j] = (((code & 15) | (((high >>> j) & 1) << 4)) - 16) * scale;
      out[at + 16 + j] = (((code >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16) * scale;
    }
  }
}

function q5_1(bytes: Uint8Array, out: Float32Array, at: number): void {
  for (let block = 0; block < bytes.length; block += 24, at += 32) {
    const scale = HALF[bytes[block] | (bytes[block + 1] << 8)];
    const least = HALF[bytes[block + 2] | (bytes[block + 3] << 8)];
    const high = fifthBits(bytes, block + 4);
    for (let j = 0; j < 16; j++) {
      const code = bytes[block + 8 + j];
      out[at + j] = ((code & 15) | (((high >>> j) & 1) << 4)) * scale + least;
      out[at + 16 + j] = ((code >> 4) | (((high >>> (j + 16)) & 1) << 4)) * scale + least;
    }
  }
}

function q8_0(bytes: Uint8Array, out: Float32Array, at: number): void {
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0; block < bytes.length; block += 34, at += 32) {
    const scale = HALF[bytes[block] | (bytes[block + 1] << 8)];
    for (let j = 0; j < 32; j++) out[at + j] = codes[block + 2 + j] * scale;
  }
}

/** The formats that can be read, by their number in a GGUF file (`enum ggml_type`). */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, { name: "F32", blockSize: 1, blockBytes: 4, dequantize: copyFloat }],
  [1, { name: "F16", blockSize: 1, blockBytes: 2, dequantize: halfToFloat }],
  [2, { name: "Q4_0", blockSize: 32, blockBytes: 18, dequantize: q4_0 }],
  [3, { name: "Q4_1", blockSize: 32, blockBytes: 20, dequantize: q4_1 }],
  [6, { name: "Q5_0", blockSize: 32, blockBytes: 22, dequantize: q5_0 }],
  [7, { name: "Q5_1", blockSize: 32, blockBytes: 24, dequantize: q5_1 }],
  [8, { name: "Q8_0", blockSize: 32, blockBytes: 34, dequantize: q8_0 }],
  [12, { name: "Q4_K", blockSize: K_BLOCK, blockBytes: 144, dequantize: q4K }],
  [13, { name: "Q5_K", blockSize: K_BLOCK, blockBytes: 176, dequantize: q5K }],
  [14, { name: "Q6_K", blockSize: K_BLOCK, blockBytes: 210, dequantize: q6K }],
  [30, { name: "BF16", blockSize: 1, blockBytes: 2, dequantize: bfloatToFloat }],
]);
