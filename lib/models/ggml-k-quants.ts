/**
 * ggml's K-quants: blocks of 256 elements in parts of 16 or 32, each part with a scale of its own that is itself
 * quantised (`dequantize_row_q4_K` and its neighbours in ggml-quants.c). As in `ggml-types.ts`, all products are
 * exact in a double and storing rounds once.
 *
 * @module
 */
import { HALF } from "@/lib/models/half.ts";

/** Elements in a block. */
export const K_BLOCK = 256;

/**
 * Unpacks the 6-bit scales and minima of the 8 parts of a Q4_K or Q5_K block (`get_scale_min_k4`).
 *
 * @param at where the 12 bytes begin
 * @param out 8 scales, then 8 minima
 */
function unpackScales(bytes: Uint8Array, at: number, out: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    const scale = bytes[at + j], least = bytes[at + 4 + j], rest = bytes[at + 8 + j];
    out[j] = scale & 63;
    out[j + 4] = (rest & 15) | ((scale >> 6) << 4);
    out[8 + j] = least & 63;
    out[12 + j] = (rest >> 4) | ((least >> 6) << 4);
  }
}

/** 144 bytes: scale and minimum in half precision, 12 bytes of the parts' scales, 128 of 4-bit codes. */
export function q4K(bytes: Uint8Array, out: Float32Array, at: number): void {
  const scales = new Uint8Array(16);
  for (let block = 0; block < bytes.length; block += 144) {
    const d = HALF[bytes[block] | (bytes[block + 1] << 8)];
    const dmin = HALF[bytes[block + 2] | (bytes[block + 3] << 8)];
    unpackScales(bytes, block + 4, scales);
    for (let part = 0; part < 8; part++, at += 32) {
      const scale = d * scales[part], least = dmin * scales[8 + part];
      const codes = block + 16 + (part >> 1) * 32, shift = (part & 1) * 4;
      for (let j = 0; j < 32; j++) {
        out[at + j] = scale * ((bytes[codes + j] >> shift) & 15) - least;
      }
    }
  }
}

/** 176 bytes: as {@link q4K}, with 32 bytes of fifth bits before the codes; bit p of byte j is part p's. */
export function q5K(bytes: Uint8Array, out: Float32Array, at: number): void {
  const scales = new Uint8Array(16);
  for (let block = 0; block < bytes.length; block += 176) {
    const d = HALF[bytes[block] | (bytes[block + 1] << 8)];
    const dmin = HALF[bytes[block + 2] | (bytes[block + 3] << 8)];
    unpackScales(bytes, block + 4, scales);
    for (let part = 0; part < 8; part++, at += 32) {
      const scale = d * scales[part], least = dmin * scales[8 + part];
      const codes = block + 48 + (part >> 1) * 32, shift = (part & 1) * 4;
      for (let j = 0; j < 32; j++) {
        const high = (bytes[block + 16 + j] >> part) & 1;
        out[at + j] = scale * (((bytes[codes + j] >> shift) & 15) | (high << 4)) - least;
      }
    }
  }
}

/** 210 bytes: 128 of low 4 bits, 64 of high 2 bits, 16 signed scales of parts of 16, a scale in half precision. */
export function q6K(bytes: Uint8Array, out: Float32Array, at: number): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0; block < bytes.length; block += 210) {
    const d = HALF[bytes[block + 208] | (bytes[block + 209] << 8)];
    for (let row = 0; row < 8; row++, at += 32) {
      // Rows 0, 1 are the low halves of the bytes of which rows 2, 3 are the high halves; then the next 64 bytes.
      const half = row >> 2, quarter = row & 3;
      const low = block + half * 64 + (quarter & 1) * 32, shift = (quarter >> 1) * 4;
      const high = block + 128 + half * 32;
      for (let j = 0; j < 32; j++) {
        const code = ((bytes[low + j] >> shift) & 15) |
          (((bytes[high + j] >> (2 * quarter)) & 3) << 4);
        const scale = d * signed[block + 192 + row * 2 + (j >> 4)];
        out[at + j] = scale * (code - 32);
      }
    }
  }
}
