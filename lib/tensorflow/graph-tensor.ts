/**
 * Tensors and functions of graphs: what is known of them, what they are called, and how TensorFlow is handed them.
 *
 * @module
 */
import { dataTypeName } from "./dtypes.ts";
import type { Pointer } from "./library.ts";
import type { Tracer } from "./tracer.ts";

/** One output of a node: a tensor that has no value yet. */
export interface GraphTensor {
  readonly tracer: Tracer;
  readonly operation: Pointer;
  readonly index: number;
  readonly shape: number[];
  readonly dtype: number;
  /** Number of the node, unique in its graph. */
  readonly node: number;
}

/** A function that was traced and added to the context. */
export interface TracedFunction {
  /** Unique in the context. */
  readonly name: string;
  /** What it was called by whoever made it. */
  readonly label: string;
  readonly pointer: Pointer;
  readonly outputs: { shape: number[]; dtype: number }[];
  readonly xla: boolean;
  /** Whether it waits for other processes. */
  readonly collective: boolean;
}

/** How a graph, or a part of it, becomes a function. */
export interface FunctionOptions {
  /** Compile the whole function with XLA. */
  xla?: boolean;
  /** The nodes that it is made of; all, where left out. */
  nodes?: Iterable<number>;
  /** Whether a graph that calls it may take in its nodes instead. */
  inlined?: boolean;
}

/** `float32[2,3], float32[4,5]` */
export const describeTensors = (tensors: { shape: number[]; dtype: number }[]) =>
  tensors.map((t) => `${dataTypeName(t.dtype)}[${t.shape}]`).join(", ");

/** `MatMul(float32[2,3], float32[4,5])` */
export const describe = (name: string, inputs: { shape: number[]; dtype: number }[]) =>
  `${name}(${describeTensors(inputs)})`;

/** `TF_Output` is { TF_Operation* oper; int index; } with padding: 16 bytes. */
export function packOutputs(
  tensors: { operation: Pointer; index: number }[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 * tensors.length);
  const view = new DataView(bytes.buffer);
  tensors.forEach((t, i) => {
    view.setBigUint64(16 * i, Deno.UnsafePointer.value(t.operation), true);
    view.setInt32(16 * i + 8, t.index, true);
  });
  return bytes;
}

/** Unique among the tensors of a graph. */
export const nameOf = (tensor: GraphTensor) => `${tensor.node}:${tensor.index}`;

export const outputStruct = (operation: Pointer, index: number) =>
  packOutputs([{ operation, index }]);
