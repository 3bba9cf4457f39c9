/**
 * Operations and functions that run at once, on handles of the eager context.
 *
 * @module
 */
import { type Attribute, setEagerAttributes } from "./attributes.ts";
import type { Context } from "./context.ts";
import { cString, type Pointer, Status } from "./library.ts";

/** What to run. */
export interface EagerCall {
  /** An operation, or a function that was added to the context. */
  name: string;
  attributes: Attribute[];
  inputs: Pointer[];
  outputCount: number;
  /** Where; empty: TensorFlow chooses. */
  device: string;
  /** What to call it in an error. */
  describe: () => string;
}

/** Runs a call and gives the handles of its results, which are the caller's from then on. */
export function execute(context: Context, call: EagerCall): Pointer[] {
  const { c, status } = context;
  const op = newOp(context, call);
  try {
    const results = new BigUint64Array(call.outputCount);
    c.TFE_Execute(op, results, new Int32Array([call.outputCount]), status.pointer);
    status.check(call.describe);
    return pointers(results);
  } finally {
    c.TFE_DeleteOp(op);
  }
}

/** The same on another thread. */
export async function executeAsync(context: Context, call: EagerCall): Promise<Pointer[]> {
  const { c } = context;
  const op = newOp(context, call);
  const status = new Status(c);
  try {
    const results = new BigUint64Array(call.outputCount);
    // Read again below, so that it lives as long as TensorFlow may write to it: a buffer that only the call was
    // given is free to be collected while the other thread runs.
    const count = new Int32Array([call.outputCount]);
    await c.TFE_ExecuteAsync(op, results, count, status.pointer);
    status.check(call.describe);
    return pointers(results.subarray(0, count[0]));
  } finally {
    c.TFE_DeleteOp(op);
    status.delete();
  }
}

// Every operation comes through here: plain loops cost a third of `Array.from`.
function pointers(addresses: BigUint64Array): Pointer[] {
  const result: Pointer[] = [];
  for (let i = 0; i < addresses.length; i++) {
    result.push(Deno.UnsafePointer.create(addresses[i]));
  }
  return result;
}

function newOp({ c, pointer, status }: Context, call: EagerCall): Pointer {
  const op = c.TFE_NewOp(pointer, cString(call.name), status.pointer);
  status.check(() => call.name);
  try {
    if (call.device) {
      c.TFE_OpSetDevice(op, cString(call.device), status.pointer);
      status.check(() => `placing ${call.name} on ${call.device}`);
    }
    for (const handle of call.inputs) c.TFE_OpAddInput(op, handle, status.pointer);
    setEagerAttributes(c, op, call.attributes, status);
    status.check(call.describe);
    return op;
  } catch (error) {
    c.TFE_DeleteOp(op);
    throw error;
  }
}

/** Shape and real type of a handle's tensor. */
export function describeHandle(
  { c, status }: Context,
  handle: Pointer,
): { shape: number[]; dtype: number } {
  const rank = c.TFE_TensorHandleNumDims(handle, status.pointer);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    shape.push(Number(c.TFE_TensorHandleDim(handle, i, status.pointer)));
  }
  return { shape, dtype: c.TFE_TensorHandleDataType(handle) };
}
