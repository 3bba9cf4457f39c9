/**
 * TensorFlow's own definitions of its operations: which inputs are lists, which attribute gives an input its
 * type, whether the operation has state. Read once from the library (`TF_GetAllOpList`, a serialised `OpList`).
 *
 * @module
 */
import { library, type Pointer } from "./library.ts";

export interface Argument {
  name: string;
  /** Attribute that holds the argument's type, if it is not fixed. */
  typeAttribute: string;
  /** Attribute that holds how many tensors of one type this argument is. */
  numberAttribute: string;
  /** Attribute that holds the types of a list of differently typed tensors. */
  typeListAttribute: string;
}
export interface OpDefinition {
  name: string;
  inputs: Argument[];
  outputs: Argument[];
  /** Random numbers, variables, queues: two equal calls are not one. */
  stateful: boolean;
}

let definitions: Map<string, OpDefinition> | undefined;

/** The definition of an operation; undefined for a traced function. */
export function opDefinition(name: string): OpDefinition | undefined {
  definitions ??= readAll();
  return definitions.get(name);
}

/** Field numbers of OpDef and ArgDef in tensorflow/core/framework/op_def.proto. */
function readAll(): Map<string, OpDefinition> {
  const c = library();
  const buffer = c.TF_GetAllOpList();
  const bytes = bufferBytes(buffer);
  const all = new Map<string, OpDefinition>();
  for (const [field, value] of messageFields(bytes)) {
    if (field !== 1) continue;
    const definition: OpDefinition = { name: "", inputs: [], outputs: [], stateful: false };
    for (const [number, item] of messageFields(value as Uint8Array)) {
      if (number === 1) definition.name = text(item);
      else if (number === 2) definition.inputs.push(argument(item as Uint8Array));
      else if (number === 3) definition.outputs.push(argument(item as Uint8Array));
      else if (number === 17) definition.stateful = item === 1;
    }
    all.set(definition.name, definition);
  }
  c.TF_DeleteBuffer(buffer);
  return all;
}

function argument(bytes: Uint8Array): Argument {
  const result = { name: "", typeAttribute: "", numberAttribute: "", typeListAttribute: "" };
  for (const [number, value] of messageFields(bytes)) {
    if (number === 1) result.name = text(value);
    else if (number === 4) result.typeAttribute = text(value);
    else if (number === 5) result.numberAttribute = text(value);
    else if (number === 6) result.typeListAttribute = text(value);
  }
  return result;
}

const decoder = new TextDecoder();
const text = (value: Uint8Array | number) => decoder.decode(value as Uint8Array);

/** `TF_Buffer` is { const void* data; size_t length; … }. */
function bufferBytes(buffer: Pointer): Uint8Array {
  const view = new Deno.UnsafePointerView(buffer!);
  const length = Number(view.getBigUint64(8));
  return new Uint8Array(
    Deno.UnsafePointerView.getArrayBuffer(view.getPointer(0)!, length).slice(0),
  );
}

/** The fields of a protocol buffer message: bytes for length-delimited ones, numbers for the rest. */
function* messageFields(bytes: Uint8Array): Generator<[number, Uint8Array | number]> {
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    return value;
  };
  while (at < bytes.length) {
    const key = varint(), field = key >>> 3;
    switch (key & 7) {
      case 0:
        yield [field, varint()];
        break;
      case 1:
        yield [field, at];
        at += 8;
        break;
      case 2: {
        const length = varint();
        yield [field, bytes.subarray(at, at + length)];
        at += length;
        break;
      }
      case 5:
        yield [field, at];
        at += 4;
        break;
      default:
        throw new Error(`wire type ${key & 7} in TensorFlow's list of operations`);
    }
  }
}
