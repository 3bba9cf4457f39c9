/**
 * What tfjs's node backend asks of its native addon (`TFJSBinding`), on TensorFlow's C API.
 *
 * A tensor is a number here, as in the addon. Behind it stands a handle of the eager context, or bytes that
 * have not been needed yet, or, while a function is traced, an output of a graph node.
 *
 * @module
 */
import {
  type Attribute,
  AttributeKind,
  findAttribute,
  setEagerAttributes,
  withType,
} from "./attributes.ts";
import { type Context, type ContextOptions, newContext } from "./context.ts";
import { bytesPerElement, DataType, isHalf, shownAs, sizeOf } from "./dtypes.ts";
import { fromBytes, type HostValues, newTensor, readTensor, toBytes } from "./host-tensor.ts";
import { cString, type Pointer, readCString, Status, TensorflowError } from "./library.ts";
import { opDefinition } from "./op-definitions.ts";
import {
  describe,
  describeTensors,
  type GraphTensor,
  type TracedFunction,
  Tracer,
} from "./tracer.ts";

/** tfjs's `TensorMetadata`. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

interface Entry {
  shape: number[];
  dtype: number;
  handle: Pointer;
  host?: Uint8Array<ArrayBuffer> | Uint8Array[];
  symbol?: GraphTensor;
}

/** A constant larger than this that appears while tracing becomes an input of the function instead. */
const LARGEST_CONSTANT_BYTES = 1 << 20;

/** A tensor from outside that a traced function uses. */
export interface Capture {
  /** The input that stands for it. */
  symbol: GraphTensor;
  /** The same value under a number of the trace's own: the original may be gone before the trace is. */
  id: number;
}

/** A function while it is traced: its graph, and the tensors from outside that it turned out to use. */
export interface Trace {
  tracer: Tracer;
  /** Tensor → what stands for it; undefined where nothing from outside may be used. */
  captures?: Map<number, Capture>;
}

/** Is told of every operation that has run. */
export type Observer = (
  op: string,
  milliseconds: number,
  outputBytes: number,
  inputs: string,
) => void;

export class Binding {
  readonly context: Context;
  private readonly entries = new Map<number, Entry>();
  private nextId = 1;
  private trace: Trace | undefined;
  private observer: Observer | undefined;
  private stateless: string | undefined;

  constructor(options: ContextOptions) {
    this.context = newContext(options);
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
    return this.entries.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  createTensor(shape: number[], dtype: number, values: unknown): number {
    return this.add({ shape: [...shape], dtype, handle: null, host: toBytes(values, dtype) });
  }

  deleteTensor(id: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    if (entry.handle) this.context.c.TFE_DeleteTensorHandle(entry.handle);
    this.entries.delete(id);
  }

  tensorDataSync(id: number): HostValues {
    const { c, status } = this.context;
    const entry = this.entry(id);
    if (entry.symbol) {
      throw new TensorflowError(
        `the value of a tensor was asked for while its function was being traced; ` +
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
      return readTensor(c, tensor, entry.dtype);
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
    if (this.stateless && opDefinition(name)?.stateful) {
      throw new TensorflowError(
        `${
          this.describe(name, inputs)
        } has state, and inside ${this.stateless} it would run twice; ` +
          `run it outside and pass its result as an argument`,
      );
    }
    const widened: number[] = [];
    [attributes, inputs] = this.settleTypes(name, attributes, inputs, widened);
    const outputs = this.trace
      ? this.record(name, attributes, inputs, outputCount)
      : this.execute(name, attributes, inputs, outputCount);
    widened.forEach((id) => this.deleteTensor(id));
    return outputs;
  }

  // --- beyond tfjs's interface

  /** The type a tensor really has. */
  dtypeOf(id: number): number {
    return this.entry(id).dtype;
  }

  shapeOf(id: number): number[] {
    return this.entry(id).shape;
  }

  get tracing(): boolean {
    return this.trace !== undefined;
  }

  /** Whether somebody is told of every operation. */
  get observed(): boolean {
    return this.observer !== undefined;
  }

  /** Runs `body` and tells `observer` of every operation that it runs. */
  observing<T>(observer: Observer, body: () => T): T {
    if (this.trace || this.observer) {
      throw new TensorflowError(
        `operations cannot be timed ${this.trace ? "while a function is traced" : "twice at once"}`,
      );
    }
    this.observer = observer;
    try {
      return body();
    } finally {
      this.observer = undefined;
    }
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
  withTrace<T>(captures: boolean, body: (trace: Trace) => T): T {
    const outer = this.trace;
    const trace: Trace = {
      tracer: new Tracer(this.context),
      captures: captures ? new Map() : undefined,
    };
    this.trace = trace;
    try {
      return body(trace);
    } finally {
      this.trace = outer;
      trace.tracer.delete();
    }
  }

  /** A new tensor number for an output of the graph being traced. */
  fromSymbol(symbol: GraphTensor): TensorMetadata {
    const { shape, dtype } = symbol;
    return { id: this.add({ shape, dtype, handle: null, symbol }), shape, dtype: shownAs(dtype) };
  }

  /** The graph tensor that stands for a tensor while tracing; makes it a constant or a captured input. */
  toSymbol(id: number): GraphTensor {
    const entry = this.entry(id);
    const { tracer, captures } = this.trace!;
    if (entry.symbol?.tracer === tracer) return entry.symbol;
    if (!entry.handle && entry.host) {
      const { shape, dtype, host } = entry;
      if (hostBytes(host) <= LARGEST_CONSTANT_BYTES) return tracer.constant(shape, dtype, host);
      const element = uniformElement(host, dtype);
      if (element) return tracer.fill(shape, dtype, element);
    }
    if (!captures) {
      throw new TensorflowError("a fused kernel may use its arguments and constants only");
    }
    if (entry.symbol) {
      throw new TensorflowError("a tensor of one traced function was used in another");
    }
    let capture = captures.get(id);
    if (!capture) {
      const symbol = tracer.placeholder(entry.shape, entry.dtype);
      captures.set(id, capture = { symbol, id: this.share(id) });
    }
    return capture.symbol;
  }

  /** The same value under a new number; while tracing, as a node that runs after `dependencies`. */
  after(id: number, dependencies: number[]): TensorMetadata {
    if (this.trace) {
      const { tracer } = this.trace;
      return this.fromSymbol(
        tracer.after(this.toSymbol(id), dependencies.map((other) => this.toSymbol(other))),
      );
    }
    const { shape, dtype } = this.entry(id);
    return { id: this.share(id), shape, dtype: shownAs(dtype) };
  }

  /** Another handle on the same value, under a new number. */
  share(id: number): number {
    const { c, status } = this.context;
    const handle = c.TFE_TensorHandleCopySharingTensor(this.handle(id), status.pointer);
    status.check(() => "sharing a tensor");
    const { shape, dtype } = this.entry(id);
    return this.add({ shape, dtype, handle });
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
    const { c } = this.context;
    const status = new Status(c);
    const op = this.newOp(traced.name, [], inputs);
    try {
      const results = new BigUint64Array(traced.outputs.length);
      const count = new Int32Array([results.length]);
      await c.TFE_ExecuteAsync(op, results, count, status.pointer);
      status.check(() => this.describe(traced.name, inputs));
      return this.adopt(results);
    } finally {
      c.TFE_DeleteOp(op);
      status.delete();
    }
  }

  private entry(id: number): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new TensorflowError(`tensor ${id} was disposed`);
    return entry;
  }

  private add(entry: Entry): number {
    this.entries.set(this.nextId, entry);
    return this.nextId++;
  }

  private handle(id: number): Pointer {
    const entry = this.entry(id);
    if (!entry.handle) {
      if (!entry.host) {
        throw new TensorflowError(
          "a tensor of a traced function was used after its tracing; return it instead",
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

  private newOp(name: string, attributes: Attribute[], inputs: number[]): Pointer {
    const { c, pointer, status } = this.context;
    const handles = inputs.map((id) => this.handle(id));
    const op = c.TFE_NewOp(pointer, cString(name), status.pointer);
    status.check(() => name);
    for (const handle of handles) c.TFE_OpAddInput(op, handle, status.pointer);
    setEagerAttributes(c, op, attributes, status);
    status.check(() => this.describe(name, inputs));
    return op;
  }

  private execute(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
    label = name,
  ): TensorMetadata[] {
    const { c, status } = this.context;
    const op = this.newOp(name, attributes, inputs);
    try {
      const results = new BigUint64Array(outputCount);
      const count = new Int32Array([outputCount]);
      const start = this.observer && performance.now();
      c.TFE_Execute(op, results, count, status.pointer);
      const milliseconds = start === undefined ? 0 : performance.now() - start;
      status.check(() => this.describe(name, inputs));
      const outputs = this.adopt(results);
      this.observer?.(
        label,
        milliseconds,
        outputs.reduce(
          (sum, { id, shape }) => sum + sizeOf(shape) * (bytesPerElement(this.dtypeOf(id)) ?? 0),
          0,
        ),
        describeTensors(inputs.map((id) => this.entry(id))),
      );
      return outputs;
    } finally {
      c.TFE_DeleteOp(op);
    }
  }

  /** Takes ownership of the handles that an execution gave. */
  private adopt(results: BigUint64Array): TensorMetadata[] {
    const { c, status } = this.context;
    return Array.from(results, (address) => {
      const handle = Deno.UnsafePointer.create(address);
      const rank = c.TFE_TensorHandleNumDims(handle, status.pointer);
      const shape = Array.from(
        { length: rank },
        (_, i) => Number(c.TFE_TensorHandleDim(handle, i, status.pointer)),
      );
      const dtype = c.TFE_TensorHandleDataType(handle);
      return { id: this.add({ shape, dtype, handle }), shape, dtype: shownAs(dtype) };
    });
  }

  private record(name: string, attributes: Attribute[], inputs: number[], outputCount: number) {
    const symbols = inputs.map((id) => this.toSymbol(id));
    if (name === "Identity") return [this.fromSymbol(symbols[0])];
    return this.trace!.tracer.operation(name, attributes, symbols, outputCount).map((t) =>
      this.fromSymbol(t)
    );
  }

  /**
   * tfjs takes every float for float32 and says so in the attributes. This puts the real types there, and
   * widens the narrower ones where an operation wants one type for several inputs.
   */
  private settleTypes(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    widened: number[],
  ): [Attribute[], number[]] {
    const dtypes = inputs.map((id) => this.entry(id).dtype);
    if (dtypes.every((d) => shownAs(d) === d)) return [attributes, inputs];
    const definition = opDefinition(name);
    if (!definition) return [attributes, inputs];
    const settled = [...inputs];
    const groups = new Map<string, number[]>();
    let at = 0;
    definition.inputs.forEach((argument, i) => {
      const isList = argument.numberAttribute || argument.typeListAttribute;
      const length = isList ? inputs.length - at - (definition.inputs.length - i - 1) : 1;
      if (argument.typeAttribute) {
        const positions = groups.get(argument.typeAttribute) ?? [];
        for (let k = 0; k < length; k++) positions.push(at + k);
        groups.set(argument.typeAttribute, positions);
      }
      at += length;
    });
    for (const [typeAttribute, positions] of groups) {
      const types = new Set(positions.map((p) => dtypes[p]));
      let target = dtypes[positions[0]];
      if (types.size > 1) {
        if (![...types].every((d) => isHalf(d) || d === DataType.float32)) continue;
        target = DataType.float32;
        for (const p of positions) {
          if (dtypes[p] === target) continue;
          settled[p] = this.castTo(inputs[p], target);
          widened.push(settled[p]);
        }
      }
      if (
        findAttribute(attributes, typeAttribute) || types.size > 1 || shownAs(target) !== target
      ) {
        attributes = withType(attributes, typeAttribute, target);
      }
    }
    return [attributes, settled];
  }

  /** The tensor in another type, under a new number. */
  castTo(id: number, dtype: number): number {
    const attributes: Attribute[] = [
      { name: "SrcT", type: AttributeKind.type, value: this.entry(id).dtype },
      { name: "DstT", type: AttributeKind.type, value: dtype },
    ];
    return (this.trace
      ? this.record("Cast", attributes, [id], 1)
      : this.execute("Cast", attributes, [id], 1))[0].id;
  }

  private describe(name: string, inputs: number[]): string {
    return describe(name, inputs.map((id) => this.entry(id)));
  }
}

const hostBytes = (host: Uint8Array | Uint8Array[]) =>
  Array.isArray(host) ? host.reduce((n, item) => n + item.length, 0) : host.byteLength;

/** The bytes of the one value that all elements have, if so: tfjs makes zeros and ones in JavaScript. */
function uniformElement(host: Uint8Array | Uint8Array[], dtype: number): Uint8Array | undefined {
  const width = bytesPerElement(dtype);
  if (Array.isArray(host) || !width) return undefined;
  for (let i = width; i < host.length; i++) if (host[i] !== host[i - width]) return undefined;
  return host.slice(0, width);
}
