/**
 * TensorFlow's element types, and the conversions that JavaScript lacks.
 *
 * tfjs knows float32, int32, bool, string and complex64 only. Tensors of other types are shown to it as the
 * nearest of these (bfloat16 and float16 as float32, int64 as int32); the binding goes by the real type.
 *
 * @module
 */

/** TensorFlow's `DataType` numbers (tensorflow/core/framework/types.proto). */
export const DataType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const;
export type DataTypeName = keyof typeof DataType;

const NAMES = new Map(
  Object.entries(DataType).map(([name, number]) => [number as number, name as DataTypeName]),
);
export const dataTypeName = (number: number): string => NAMES.get(number) ?? `dtype ${number}`;

const BYTES: Record<number, number> = { 1: 4, 3: 4, 4: 1, 8: 8, 9: 8, 10: 1, 14: 2, 19: 2 };
/** Bytes of one element; undefined for strings and resources. */
export const bytesPerElement = (dtype: number): number | undefined => BYTES[dtype];

/** The type that tfjs is told. */
export function shownAs(dtype: number): number {
  if (dtype === DataType.bfloat16 || dtype === DataType.float16) return DataType.float32;
  if (dtype === DataType.int64) return DataType.int32;
  return dtype;
}

/** Floats of reduced width, which mix with float32 by being widened. */
export const isHalf = (dtype: number) => dtype === DataType.bfloat16 || dtype === DataType.float16;

/** bfloat16 bits to float32: the upper half of the same number. */
export function fromBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return out;
}

/** float32 to bfloat16 bits, rounded to nearest, ties to even; NaN stays NaN. */
export function toBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const w = words[i];
    const nan = (w & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (w >>> 16) | 0x40 : (w + 0x7fff + ((w >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** float16 bits to float32. */
export function fromFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const h = bits[i], sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, fraction = h & 1023;
    out[i] = exponent === 0
      ? sign * fraction * 2 ** -24
      : exponent === 31
      ? fraction ? NaN : sign * Infinity
      : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}

/** How many elements a shape holds. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
