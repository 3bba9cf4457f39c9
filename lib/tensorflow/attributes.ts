/**
 * Attributes of an operation, in the form that tfjs's kernels hand over, and how they are set.
 *
 * @module
 */
import {
  cString,
  type Pointer,
  type Status,
  type Symbols,
  TensorflowError,
  utf8,
} from "./library.ts";

/** Kinds of attribute, numbered as tfjs-node's native addon does. */
export const AttributeKind = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
  resource: 6,
} as const;

/** One attribute: tfjs's `TFEOpAttr`. Lists are given as arrays. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** Short ways to write an {@link Attribute}. */
export const attr = {
  type: (name: string, value: number | number[]): Attribute => ({
    name,
    type: AttributeKind.type,
    value,
  }),
  bool: (name: string, value: boolean): Attribute => ({ name, type: AttributeKind.bool, value }),
  int: (name: string, value: number | number[]): Attribute => ({
    name,
    type: AttributeKind.int,
    value,
  }),
  float: (name: string, value: number): Attribute => ({ name, type: AttributeKind.float, value }),
  string: (name: string, value: string | string[]): Attribute => ({
    name,
    type: AttributeKind.string,
    value,
  }),
  shape: (name: string, value: number[]): Attribute => ({ name, type: AttributeKind.shape, value }),
};

/** The attribute `name`, if it is given. */
export const findAttribute = (attributes: Attribute[], name: string) =>
  attributes.find((a) => a.name === name);

/** `attributes` with `name` set to the type `value`. */
export const withType = (attributes: Attribute[], name: string, value: number): Attribute[] => [
  ...attributes.filter((a) => a.name !== name),
  attr.type(name, value),
];

/** Texts as C takes a list of them: where each one is, and its length. `texts` have to outlive the call. */
function stringList(values: string[]) {
  const texts = values.map(utf8);
  return {
    texts,
    addresses: BigUint64Array.from(
      texts,
      (text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)),
    ),
    lengths: BigUint64Array.from(texts, ({ length }) => BigInt(length)),
  };
}

const int64s = (values: number[]) => BigInt64Array.from(values, BigInt);

/** Sets attributes on an operation that will run at once. */
export function setEagerAttributes(
  c: Symbols,
  op: Pointer,
  attributes: Attribute[],
  status: Status,
): void {
  for (const { name, type, value } of attributes) {
    const key = cString(name);
    const list = Array.isArray(value) ? value as number[] : undefined;
    if (type === AttributeKind.type && list) {
      c.TFE_OpSetAttrTypeList(op, key, Int32Array.from(list), list.length);
    } else if (type === AttributeKind.type) c.TFE_OpSetAttrType(op, key, value as number);
    else if (type === AttributeKind.bool) c.TFE_OpSetAttrBool(op, key, value ? 1 : 0);
    else if (type === AttributeKind.int && list) {
      c.TFE_OpSetAttrIntList(op, key, int64s(list), list.length);
    } else if (type === AttributeKind.int) c.TFE_OpSetAttrInt(op, key, BigInt(value as number));
    else if (type === AttributeKind.float && list) {
      c.TFE_OpSetAttrFloatList(op, key, Float32Array.from(list), list.length);
    } else if (type === AttributeKind.float) c.TFE_OpSetAttrFloat(op, key, value as number);
    else if (type === AttributeKind.string && list) {
      const { texts, addresses, lengths } = stringList(value as string[]);
      c.TFE_OpSetAttrStringList(op, key, addresses, lengths, texts.length);
    } else if (type === AttributeKind.string) {
      const bytes = utf8(value as string);
      c.TFE_OpSetAttrString(op, key, bytes, BigInt(bytes.length));
    } else if (type === AttributeKind.shape) {
      c.TFE_OpSetAttrShape(op, key, int64s(list!), list!.length, status.pointer);
      status.check(() => `attribute ${name}`);
    } else throw new TensorflowError(`attribute ${name} is of a kind that cannot be set: ${type}`);
  }
}

/** Sets attributes on an operation of a graph; those in `skip` follow from its inputs. */
export function setGraphAttributes(
  c: Symbols,
  description: Pointer,
  attributes: Attribute[],
  skip: ReadonlySet<string>,
): void {
  for (const { name, type, value } of attributes) {
    if (skip.has(name)) continue;
    const key = cString(name);
    const list = Array.isArray(value) ? value as number[] : undefined;
    if (type === AttributeKind.type && list) {
      c.TF_SetAttrTypeList(description, key, Int32Array.from(list), list.length);
    } else if (type === AttributeKind.type) c.TF_SetAttrType(description, key, value as number);
    else if (type === AttributeKind.bool) c.TF_SetAttrBool(description, key, value ? 1 : 0);
    else if (type === AttributeKind.int && list) {
      c.TF_SetAttrIntList(description, key, int64s(list), list.length);
    } else if (type === AttributeKind.int) {
      c.TF_SetAttrInt(description, key, BigInt(value as number));
    } else if (type === AttributeKind.float && list) {
      c.TF_SetAttrFloatList(description, key, Float32Array.from(list), list.length);
    } else if (type === AttributeKind.float) c.TF_SetAttrFloat(description, key, value as number);
    else if (type === AttributeKind.string && list) {
      const { texts, addresses, lengths } = stringList(value as string[]);
      c.TF_SetAttrStringList(description, key, addresses, lengths, texts.length);
    } else if (type === AttributeKind.string) {
      const bytes = utf8(value as string);
      c.TF_SetAttrString(description, key, bytes, BigInt(bytes.length));
    } else if (type === AttributeKind.shape) {
      c.TF_SetAttrShape(description, key, int64s(list!), list!.length);
    } else throw new TensorflowError(`attribute ${name} is of a kind that cannot be set: ${type}`);
  }
}
