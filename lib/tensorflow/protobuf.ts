/**
 * The little of protocol buffers' encoding that TensorFlow's settings need.
 *
 * @module
 */

/** Bytes of one field. */
type Field = readonly number[];

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push(value & 127 | 128);
  return [...bytes, value];
};

const sized = (number: number, bytes: readonly number[]): Field => [
  ...varint(number << 3 | 2),
  ...varint(bytes.length),
  ...bytes,
];

/** A whole number from 0, or a boolean. */
export const number = (field: number, value: number | boolean): Field => [
  ...varint(field << 3),
  ...varint(Number(value)),
];

export const string = (field: number, value: string): Field =>
  sized(field, [...new TextEncoder().encode(value)]);

export const message = (field: number, ...fields: Field[]): Field => sized(field, fields.flat());

/** A message that is not part of another. */
export const encode = (...fields: Field[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(fields.flat());
