/**
 * Arguments and results of traced functions: tensors in nested arrays and records.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Where the tensors of a nested value are, and what else it holds. */
export type Structure =
  | { kind: "tensor" }
  | { kind: "array"; items: Structure[] }
  | { kind: "record"; keys: string[]; items: Structure[] }
  | { kind: "value"; value: unknown };

/** Appends the tensors of `value` to `tensors`, in a fixed order, and tells their structure. */
export function flatten(value: unknown, tensors: tf.Tensor[]): Structure {
  if (value instanceof tf.Tensor) {
    tensors.push(value);
    return { kind: "tensor" };
  }
  if (Array.isArray(value)) {
    return {
      kind: "array",
      items: value.map((item) => flatten(item, tensors)),
    };
  }
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value);
    return {
      kind: "record",
      keys,
      items: keys.map((key) => flatten((value as Record<string, unknown>)[key], tensors)),
    };
  }
  return { kind: "value", value };
}

/** The nested value again, with tensors taken from `tensors` in order. */
export function unflatten(structure: Structure, tensors: Iterator<tf.Tensor>): unknown {
  switch (structure.kind) {
    case "tensor":
      return tensors.next().value;
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
