/**
 * What tfjs's node backend asks of its native addon (`TFJSBinding`), on TensorFlow's C API.
 *
 * A tensor is a number here, as in the addon. Behind it stands a handle of the eager context, or bytes that
 * have not been needed yet, or, while a function is traced, an output of a graph node.
 *
 * @module
 */
import { type Attribute, AttributeKind } from "./attributes.ts";
import { type Context, type ContextOptions, newContext } from "./context.ts";
import { bytesPerElement, DataType, shownAs, sizeOf } from "./dtypes.ts";
import { type EagerCall, execute, executeAsync } from "./eager.ts";
import {
  byteLength,
  fromBytes,
  type HostValues,
  readTensor,
  toBytes,
  uniformElement,
} from "./host-tensor.ts";
import { type Pointer, readCString, TensorflowError } from "./library.ts";
import { Observing } from "./observing.ts";
import { opDefinition } from "./op-definitions.ts";
import { type Memory, type TensorMetadata, TensorTable } from "./tensor-table.ts";
import { type Captures, Trace } from "./trace.ts";
import {
  describe,
  describeTensors,
  type GraphTensor,
  type TracedFunction,
} from "./graph-tensor.ts";
import { settleTypes } from "./type-promotion.ts";
import { atUserFrame } from "./user-frame.ts";

/** A constant larger than this that appears while tracing becomes an input of the function instead. */
const LARGEST_CONSTANT_BYTES = 1 << 20;

export class Binding {
  readonly context: Context;
  private readonly tensors: TensorTable;
  private trace: Trace | undefined;
  /** Who is told of every operation. */
  readonly observing: Observing = new Observing(() => this.tracing);
  private stateless: string | undefined;

  constructor(options: ContextOptions) {
    this.context = newContext(options);
    this.tensors = new TensorTable(this.context);
    this.TF_Version = readCString(this.context.c.TF_Version());
  }

  // --- tfjs's interface

  readonly TF_FLOAT = DataType.float32;
  readonly TF_INT32 = DataType.int32;
  readonly TF_INT64 = DataType.int64;
  readonly TF_BOOL = DataType.bool;
  readonly TF_COMPLEX64 = DataType.complex64;
  readonly TF_STRING = DataType.string;
  readonly TF_RESOURCE = DataType.resource;
  readonly TF_UINT8 = DataType.uint8;
  readonly TF_ATTR_STRING = AttributeKind.string;
  readonly TF_ATTR_INT = AttributeKind.int;
  readonly TF_ATTR_FLOAT = AttributeKind.float;
  readonly TF_ATTR_BOOL = AttributeKind.bool;
  readonly TF_ATTR_TYPE = AttributeKind.type;
  readonly TF_ATTR_SHAPE = AttributeKind.shape;
  readonly TF_ATTR_RESOURCE = AttributeKind.resource;
  readonly TF_Version: string;

  isUsingGpuDevice(): boolean {
    return false;
  }

  getNumOfTensors(): number {
    return this.tensors.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  createTensor(shape: number[], dtype: number, values: unknown): number {
    return this.tensors.add({
      shape: [...shape],
      dtype,
      handle: null,
      host: toBytes(values, dtype),
    });
  }

  deleteTensor(id: number): void {
    this.tensors.delete(id);
  }

  tensorDataSync(id: number): HostValues {
    const { c, status } = this.context;
    const entry = this.tensors.entry(id);
    if (entry.symbol) {
      throw new TensorflowError(
        `the value of a tensor was asked for while its function was being traced${atUserFrame()}; ` +
          `return the tensor from the function and read it there`,
      );
    }
    if (!entry.handle) {
      return Array.isArray(entry.host)
        ? entry.host
        : fromBytes(entry.host!.slice().buffer, entry.dtype);
    }
    const tensor = c.TFE_TensorHandleResolve(entry.handle, status.pointer);
    status.check(() => `reading ${describe("a tensor", [entry])}`);
    try {
      return readTensor(c, tensor, entry.shape, entry.dtype);
    } finally {
      c.TF_DeleteTensor(tensor);
    }
  }

  /** Runs an operation, or records it while tracing. Inputs of mixed float widths are widened to float32. */
  executeOp(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
  ): TensorMetadata[] {
    // Collectives may run twice: they give what they gave before.
    if (this.stateless && opDefinition(name)?.stateful && !name.startsWith("Collective")) {
      throw new TensorflowError(
        `${
          this.describe(name, inputs)
        } has state, and inside ${this.stateless} it would run twice; ` +
          `run it outside and pass its result as an argument`,
      );
    }
    const settled = settleTypes(name, attributes, inputs.map((id) => this.tensors.entry(id).dtype));
    const given = [...inputs];
    for (const { position, to } of settled.casts) {
      given[position] = this.castTo(inputs[position], to);
    }
    try {
      return this.trace
        ? this.record(name, settled.attributes, given, outputCount)
        : this.execute(name, settled.attributes, given, outputCount);
    } finally {
      for (const { position } of settled.casts) this.deleteTensor(given[position]);
    }
  }

  // --- beyond tfjs's interface

  /** What is alive. */
  get usage(): Memory {
    return this.tensors.usage;
  }

  /** The type a tensor really has. */
  dtypeOf(id: number): number {
    return this.tensors.entry(id).dtype;
  }

  shapeOf(id: number): number[] {
    return this.tensors.entry(id).shape;
  }

  get tracing(): boolean {
    return this.trace !== undefined;
  }

  /** Whether somebody is told of every operation. */
  get observed(): boolean {
    return this.observing.observer !== null;
  }

  /** Runs `body`, in which operations with state (random numbers, variables) are refused in the name of `reason`. */
  withoutState<T>(reason: string, body: () => T): T {
    const outer = this.stateless;
    this.stateless = reason;
    try {
      return body();
    } finally {
      this.stateless = outer;
    }
  }

  /** Runs `body` with every operation recorded into a new graph. */
  withTrace<T>(capturing: Captures, body: (trace: Trace) => T): T {
    const outer = this.trace;
    const trace = this.trace = new Trace(this.context, capturing);
    try {
      const result = body(trace);
      if (capturing === "outer") outer!.owned.push(...trace.owned);
      return result;
    } catch (error) {
      trace.abandon();
      throw error;
    } finally {
      this.trace = outer;
      if (capturing === "outer") outer!.held.push(...trace.held);
      else trace.held.forEach((id) => this.deleteTensor(id));
      trace.tracer.delete();
    }
  }

  /** A new tensor number for an output of the graph being traced. */
  fromSymbol(symbol: GraphTensor): TensorMetadata {
    const { shape, dtype } = symbol;
    return {
      id: this.tensors.add({ shape, dtype, handle: null, symbol }),
      shape,
      dtype: shownAs(dtype),
    };
  }

  /** The graph tensor that stands for a tensor while tracing; makes it a constant or a captured input. */
  toSymbol(id: number): GraphTensor {
    const entry = this.tensors.entry(id);
    const trace = this.trace!;
    if (entry.symbol?.tracer === trace.tracer) return entry.symbol;
    if (!entry.handle && entry.host) {
      const { shape, dtype, host } = entry;
      if (byteLength(host) <= LARGEST_CONSTANT_BYTES) {
        return trace.tracer.constant(shape, dtype, host);
      }
      const element = uniformElement(host, dtype);
      if (element) return trace.tracer.fill(shape, dtype, element);
    }
    return trace.capture(id, entry, () => {
      if (trace.capturing === "outer") {
        // The function outside is handed the tensor at each call, as long as it is recorded.
        const held = entry.symbol ? this.tensors.add({ ...entry }) : this.share(id);
        trace.held.push(held);
        return { current: () => held, free: () => {} };
      }
      if (entry.symbol) {
        throw new TensorflowError(
          `a tensor of one traced function was used in another${atUserFrame()}`,
        );
      }
      // Shared at once: the original may be gone before the function is.
      const shared = this.share(id);
      return { current: () => shared, free: () => this.deleteTensor(shared) };
    });
  }

  /**
   * While tracing, a tensor that stands for whatever `current` gives at each call.
   * @param key what is captured: the same key is the same input
   */
  captureChanging(key: object, current: () => number): TensorMetadata {
    if (this.trace!.capturing === "outer") {
      throw new TensorflowError(
        `a variable was used inside an outlined function${atUserFrame()}; pass its value as an argument`,
      );
    }
    const symbol = this.trace!.capture(
      key,
      this.tensors.entry(current()),
      () => ({ current, free: () => {} }),
    );
    return this.fromSymbol(symbol);
  }

  /** The same value under a new number; while tracing, as a node that runs after `dependencies`. */
  after(id: number, dependencies: number[]): TensorMetadata {
    if (this.trace) {
      const { tracer } = this.trace;
      return this.fromSymbol(
        tracer.after(this.toSymbol(id), dependencies.map((other) => this.toSymbol(other))),
      );
    }
    const { shape, dtype } = this.tensors.entry(id);
    return { id: this.share(id), shape, dtype: shownAs(dtype) };
  }

  /** Another handle on the same value, under a new number. */
  share(id: number): number {
    return this.tensors.share(id);
  }

  /** Runs a traced function, or, while tracing, adds a call of it to the graph. */
  callFunction(traced: TracedFunction, inputs: number[]): TensorMetadata[] {
    if (this.trace) {
      return this.trace.tracer.call(traced, inputs.map((id) => this.toSymbol(id))).map((t) =>
        this.fromSymbol(t)
      );
    }
    return this.execute(traced.name, [], inputs, traced.outputs.length, traced.label);
  }

  /** Runs a traced function on another thread; the event loop goes on meanwhile. */
  async callFunctionAsync(traced: TracedFunction, inputs: number[]): Promise<TensorMetadata[]> {
    const call = this.eagerCall(traced.name, [], inputs, traced.outputs.length);
    return (await executeAsync(this.context, call)).map((handle) => this.adopt(handle));
  }

  /** Tells what a resource variable's handle leads to, which reading it in a traced function needs. */
  setContents(id: number, contents: { shape: number[]; dtype: number }): void {
    this.tensors.entry(id).contents = contents;
  }

  /** The eager handle behind a tensor; it stays the binding's. */
  handle(id: number): Pointer {
    return this.tensors.handle(id);
  }

  private eagerCall(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
  ): EagerCall {
    return {
      name,
      attributes,
      inputs: inputs.map((id) => this.handle(id)),
      outputCount,
      device: this.context.device,
      describe: () => this.describe(name, inputs),
    };
  }

  private execute(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
    label = name,
  ): TensorMetadata[] {
    const call = this.eagerCall(name, attributes, inputs, outputCount);
    const { observer } = this.observing;
    if (!observer) {
      return execute(this.context, call).map((handle) => this.adopt(handle));
    }
    const start = performance.now();
    const handles = execute(this.context, call);
    const milliseconds = performance.now() - start;
    const outputs = handles.map((handle) => this.adopt(handle));
    observer(
      label,
      milliseconds,
      outputs.reduce(
        (sum, { id, shape }) => sum + sizeOf(shape) * (bytesPerElement(this.dtypeOf(id)) ?? 0),
        0,
      ),
      describeTensors(inputs.map((id) => this.tensors.entry(id))),
    );
    return outputs;
  }

  /** A new tensor number for an eager handle, which is the binding's from then on. */
  adopt(handle: Pointer): TensorMetadata {
    return this.tensors.adopt(handle);
  }

  private record(name: string, attributes: Attribute[], inputs: number[], outputCount: number) {
    const { tracer } = this.trace!;
    const symbols = inputs.map((id) => this.toSymbol(id));
    if (name === "Identity" && !this.context.device) return [this.fromSymbol(symbols[0])];
    const known = this.knownResult(name, inputs);
    const outputs = tracer.operation(name, attributes, symbols, outputCount, known && [known]);
    return outputs.map((t) => this.fromSymbol(t));
  }

  /** The result of operations whose shape TensorFlow cannot tell while tracing. */
  private knownResult(
    name: string,
    [first]: number[],
  ): { shape: number[]; dtype: number } | undefined {
    if (name === "ReadVariableOp") return this.tensors.entry(first).contents;
    if (name !== "CollectiveGatherV2") return undefined;
    const { shape: [rows, ...rest], dtype } = this.tensors.entry(first);
    return { shape: [rows * this.context.cluster!.addresses.length, ...rest], dtype };
  }

  /** The tensor in another type, under a new number. */
  castTo(id: number, dtype: number): number {
    const attributes: Attribute[] = [
      { name: "SrcT", type: AttributeKind.type, value: this.tensors.entry(id).dtype },
      { name: "DstT", type: AttributeKind.type, value: dtype },
    ];
    return (this.trace
      ? this.record("Cast", attributes, [id], 1)
      : this.execute("Cast", attributes, [id], 1))[0].id;
  }

  private describe(name: string, inputs: number[]): string {
    return describe(name, inputs.map((id) => this.tensors.entry(id)));
  }
}
