/**
 * The tensors behind tfjs's numbers. One is a handle of the eager context, or bytes that have not been needed yet, or,
 * while a function is traced, an output of a graph node.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { bytesPerElement, shownAs, sizeOf } from "./dtypes.ts";
import { describeHandle } from "./eager.ts";
import { describe, type GraphTensor } from "./graph-tensor.ts";
import { newTensor } from "./host-tensor.ts";
import { type Pointer, TensorflowError } from "./library.ts";
import { atUserFrame } from "./user-frame.ts";

/** tfjs's `TensorMetadata`. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** What stands behind a number. */
export interface Entry {
  shape: number[];
  dtype: number;
  handle: Pointer;
  host?: Uint8Array<ArrayBuffer> | Uint8Array[];
  symbol?: GraphTensor;
  /** What a resource variable's handle leads to. */
  contents?: { shape: number[]; dtype: number };
}

/** What is alive behind the tensors of tfjs. */
export interface Memory {
  /** Tensors that the binding knows. */
  tensors: number;
  /** Those of them that TensorFlow holds. */
  handles: number;
  /** Bytes of what TensorFlow holds, by real types; memory that several handles share counts for each. */
  bytes: number;
}

/** Numbers are given once. */
export class TensorTable {
  private readonly entries = new Map<number, Entry>();
  private nextId = 1;

  constructor(private readonly context: Context) {}

  add(entry: Entry): number {
    this.entries.set(this.nextId, entry);
    return this.nextId++;
  }

  entry(id: number): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new TensorflowError(`tensor ${id} was disposed`);
    return entry;
  }

  delete(id: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    if (entry.handle) this.context.c.TFE_DeleteTensorHandle(entry.handle);
    this.entries.delete(id);
  }

  get size(): number {
    return this.entries.size;
  }

  get usage(): Memory {
    const usage = { tensors: this.entries.size, handles: 0, bytes: 0 };
    for (const { handle, shape, dtype } of this.entries.values()) {
      if (!handle) continue;
      usage.handles++;
      usage.bytes += sizeOf(shape) * (bytesPerElement(dtype) ?? 0);
    }
    return usage;
  }

  /** The eager handle behind a tensor; it stays the table's. */
  handle(id: number): Pointer {
    const entry = this.entry(id);
    if (!entry.handle) {
      if (!entry.host) {
        throw new TensorflowError(
          `a tensor of a traced function was used after its tracing${atUserFrame()}; return it instead`,
        );
      }
      const { c, status } = this.context;
      const tensor = newTensor(c, entry.shape, entry.dtype, entry.host);
      entry.handle = c.TFE_NewTensorHandle(tensor, status.pointer);
      c.TF_DeleteTensor(tensor);
      status.check(() => describe("a new tensor", [entry]));
      entry.host = undefined;
    }
    return entry.handle;
  }

  /** Another handle on the same value, under a new number. */
  share(id: number): number {
    const { c, status } = this.context;
    const handle = c.TFE_TensorHandleCopySharingTensor(this.handle(id), status.pointer);
    status.check(() => "sharing a tensor");
    const { shape, dtype } = this.entry(id);
    return this.add({ shape, dtype, handle });
  }

  /** A new tensor number for an eager handle, which is the table's from then on. */
  adopt(handle: Pointer): TensorMetadata {
    const { shape, dtype } = describeHandle(this.context, handle);
    return { id: this.add({ shape, dtype, handle }), shape, dtype: shownAs(dtype) };
  }
}
