/**
 * Arguments and results of traced functions: tensors and variables in nested arrays and records.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { TensorflowError } from "./library.ts";
import { ResourceVariable } from "./resource-variable.ts";

/** Where the tensors and variables of a nested value are, and what else it holds. */
export type Structure =
  | { kind: "tensor" }
  | { kind: "variable"; shape: number[]; dtype: number }
  | { kind: "array"; items: Structure[] }
  | { kind: "record"; keys: string[]; items: Structure[] }
  | { kind: "value"; value: unknown };

/**
 * Appends the tensors of `value`, and the handles of its variables, to `tensors`, in a fixed order, and tells their
 * structure.
 */
export function flatten(value: unknown, tensors: tf.Tensor[]): Structure {
  if (value instanceof tf.Tensor) {
    tensors.push(value);
    return { kind: "tensor" };
  }
  if (value instanceof ResourceVariable) {
    tensors.push(value.handle);
    return { kind: "variable", shape: value.shape, dtype: value.dtype };
  }
  if (Array.isArray(value)) {
    return {
      kind: "array",
      items: value.map((item) => flatten(item, tensors)),
    };
  }
  if (isRecord(value)) {
    const keys = Object.keys(value);
    return {
      kind: "record",
      keys,
      items: keys.map((key) => flatten(value[key], tensors)),
    };
  }
  return { kind: "value", value };
}

/** An object that is nothing but its entries. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== "object") return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A text that is the same for structures that differ in their tensors only.
 * @param what said in the error
 * @throws TensorflowError for values that have no such text: functions, instances of classes
 */
export function structureKey(structure: Structure, what: string): string {
  switch (structure.kind) {
    case "tensor":
      return "T";
    case "variable":
      return `V${structure.dtype}[${structure.shape}]`;
    case "array":
      return `[${structure.items.map((item) => structureKey(item, what))}]`;
    case "record":
      return `{${
        structure.keys.map((key, i) =>
          `${JSON.stringify(key)}:${structureKey(structure.items[i], what)}`
        )
      }}`;
    case "value": {
      const { value } = structure;
      if (typeof value === "string") return JSON.stringify(value);
      if (typeof value === "bigint") return `${value}n`;
      if (typeof value === "number" || typeof value === "boolean" || value == null) {
        return Object.is(value, -0) ? "-0" : `${value}`;
      }
      throw new TensorflowError(
        `${what}: neither a tensor nor a plain value but ${
          typeof value === "object" ? value.constructor.name : typeof value
        }; let the function take it from outside`,
      );
    }
  }
}

/** The nested value again, with tensors taken from `tensors` in order. */
export function unflatten(structure: Structure, tensors: Iterator<tf.Tensor>): unknown {
  switch (structure.kind) {
    case "tensor":
      return tensors.next().value;
    case "variable":
      return ResourceVariable.of(tensors.next().value!, structure.shape, structure.dtype);
    case "array":
      return structure.items.map((item) => unflatten(item, tensors));
    case "record":
      return Object.fromEntries(
        structure.keys.map((key, i) => [key, unflatten(structure.items[i], tensors)]),
      );
    case "value":
      return structure.value;
  }
}
