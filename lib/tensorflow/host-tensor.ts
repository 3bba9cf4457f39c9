/**
 * Tensors as bytes in JavaScript's memory, and their way into and out of TensorFlow.
 *
 * @module
 */
import {
  bytesPerElement,
  DataType,
  dataTypeName,
  fromBfloat16,
  fromFloat16,
  sizeOf,
  toBfloat16,
} from "./dtypes.ts";
import { type Pointer, type Symbols, TensorflowError } from "./library.ts";

export type HostValues =
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | Uint16Array
  | Uint8Array[];

/** Bytes of one `TF_TString`, TensorFlow's string element. */
const TSTRING_BYTES = 24;
/** Marks an element whose characters are at a distance from it. */
const TSTRING_OFFSET = 2;

/** Values that tfjs hands over, as little-endian bytes of the given type. Strings are kept as they are. */
export function toBytes(values: unknown, dtype: number): Uint8Array<ArrayBuffer> | Uint8Array[] {
  if (dtype === DataType.string) return values as Uint8Array[];
  const view = typedView(values, dtype);
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

function typedView(values: unknown, dtype: number): ArrayBufferView {
  switch (dtype) {
    case DataType.float32:
    case DataType.complex64:
      return values instanceof Float32Array ? values : Float32Array.from(values as number[]);
    case DataType.int32:
      return values instanceof Int32Array ? values : Int32Array.from(values as number[]);
    case DataType.bool:
    case DataType.uint8:
      return values instanceof Uint8Array ? values : Uint8Array.from(values as number[], Number);
    case DataType.int64:
      // tfjs-node's Int64Scalar comes as the two 32-bit halves.
      return values instanceof Int32Array
        ? values
        : values instanceof BigInt64Array
        ? values
        : BigInt64Array.from(values as number[], BigInt);
    case DataType.bfloat16:
      return values instanceof Uint16Array
        ? values
        : toBfloat16(Float32Array.from(values as number[]));
    case DataType.float16:
      if (values instanceof Uint16Array) return values;
  }
  throw new TensorflowError(
    `a tensor of ${dataTypeName(dtype)} cannot be made from JavaScript values`,
  );
}

/** A new TF_Tensor with a copy of the data; the caller deletes it. */
export function newTensor(
  c: Symbols,
  shape: readonly number[],
  dtype: number,
  data: Uint8Array | Uint8Array[],
): Pointer {
  const dims = BigInt64Array.from(shape, BigInt);
  if (Array.isArray(data)) return newStringTensor(c, dims, data);
  const expected = sizeOf(shape) * bytesPerElement(dtype)!;
  if (data.byteLength !== expected) {
    throw new TensorflowError(
      `a ${
        dataTypeName(dtype)
      } tensor of shape [${shape}] takes ${expected} bytes, not ${data.byteLength}`,
    );
  }
  const tensor = c.TF_AllocateTensor(dtype, dims, dims.length, BigInt(data.byteLength));
  if (data.byteLength > 0) {
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(c.TF_TensorData(tensor)!, data.byteLength))
      .set(data);
  }
  return tensor;
}

/**
 * The characters follow the elements in the same memory, and the elements say at which distance: a tensor frees
 * its memory, but not what its elements would have allocated (`TF_TString_Offset` in tensorflow/core/platform/ctstring_internal.h).
 */
function newStringTensor(
  c: Symbols,
  dims: BigInt64Array<ArrayBuffer>,
  items: Uint8Array[],
): Pointer {
  const total = items.reduce((sum, item) => sum + item.length, items.length * TSTRING_BYTES);
  const tensor = c.TF_AllocateTensor(DataType.string, dims, dims.length, BigInt(total));
  if (!total) return tensor;
  const memory = Deno.UnsafePointerView.getArrayBuffer(c.TF_TensorData(tensor)!, total);
  const view = new DataView(memory), bytes = new Uint8Array(memory);
  let end = items.length * TSTRING_BYTES;
  items.forEach((item, i) => {
    const start = i * TSTRING_BYTES;
    view.setUint32(start, item.length << 2 | TSTRING_OFFSET, true);
    view.setUint32(start + 4, end - start, true);
    bytes.set(item, end);
    end += item.length;
  });
  return tensor;
}

/** A copy of a TF_Tensor's content in the type that tfjs expects; int64 must fit into 32 bits. */
export function readTensor(
  c: Symbols,
  tensor: Pointer,
  shape: readonly number[],
  dtype: number,
): HostValues {
  const base = c.TF_TensorData(tensor);
  if (dtype === DataType.string) {
    return Array.from({ length: sizeOf(shape) }, (_, i) => {
      const element = Deno.UnsafePointer.offset(base!, i * TSTRING_BYTES);
      const size = Number(c.TF_StringGetSize(element));
      return size === 0 ? new Uint8Array() : new Uint8Array(
        Deno.UnsafePointerView.getArrayBuffer(c.TF_StringGetDataPointer(element)!, size).slice(0),
      );
    });
  }
  const length = Number(c.TF_TensorByteSize(tensor));
  const bytes = length
    ? Deno.UnsafePointerView.getArrayBuffer(base!, length).slice(0)
    : new ArrayBuffer(0);
  return fromBytes(bytes, dtype);
}

/** Bytes of a tensor in the type that tfjs expects. */
export function fromBytes(bytes: ArrayBuffer, dtype: number): HostValues {
  switch (dtype) {
    case DataType.float32:
    case DataType.complex64:
      return new Float32Array(bytes);
    case DataType.int32:
      return new Int32Array(bytes);
    case DataType.bool:
    case DataType.uint8:
      return new Uint8Array(bytes);
    case DataType.bfloat16:
      return fromBfloat16(new Uint16Array(bytes));
    case DataType.float16:
      return fromFloat16(new Uint16Array(bytes));
    case DataType.int64:
      return Int32Array.from(new BigInt64Array(bytes), (value) => {
        if (value !== BigInt.asIntN(32, value)) {
          throw new TensorflowError(`the int64 value ${value} does not fit into tfjs's int32`);
        }
        return Number(value);
      });
  }
  throw new TensorflowError(`a ${dataTypeName(dtype)} tensor cannot be read`);
}

/** Bytes of what {@link toBytes} gives. */
export const byteLength = (data: Uint8Array | Uint8Array[]): number =>
  Array.isArray(data) ? data.reduce((n, item) => n + item.length, 0) : data.byteLength;

/** The bytes of the one value that all elements have, if so: tfjs makes zeros and ones in JavaScript. */
export function uniformElement(
  data: Uint8Array | Uint8Array[],
  dtype: number,
): Uint8Array | undefined {
  const width = bytesPerElement(dtype);
  if (Array.isArray(data) || !width) return undefined;
  for (let i = width; i < data.length; i++) if (data[i] !== data[i - width]) return undefined;
  return data.slice(0, width);
}
