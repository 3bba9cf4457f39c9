/**
 * One TensorFlow graph while it is being recorded: every operation that a function runs becomes a node, and
 * the graph becomes a TensorFlow function that runs as a single call.
 *
 * Equal operations on equal inputs become one node, as do equal constants.
 *
 * @module
 */
import { attr, type Attribute, setGraphAttributes } from "./attributes.ts";
import type { Context } from "./context.ts";
import { DataType } from "./dtypes.ts";
import {
  describe,
  type FunctionOptions,
  type GraphTensor,
  nameOf,
  outputStruct,
  packOutputs,
  type TracedFunction,
} from "./graph-tensor.ts";
import { newTensor } from "./host-tensor.ts";
import { cString, type Pointer, TensorflowError, utf8 } from "./library.ts";
import { opDefinition } from "./op-definitions.ts";
import { ResourceOrder } from "./resource-order.ts";
import { currentScope } from "./scope.ts";
import { atUserFrame } from "./user-frame.ts";

/** Constants up to this many bytes are compared by content. */
const COMPARED_CONSTANT_BYTES = 256;
const NO_SKIP: ReadonlySet<string> = new Set();

let functions = 0;

export class Tracer {
  private readonly graph: Pointer;
  private readonly seen = new Map<string, GraphTensor[]>();
  private readonly called = new Set<string>();
  /** Of each node: the operation, what it reads, and nodes that go where it goes. */
  private readonly nodes: {
    operation: Pointer;
    inputs: GraphTensor[];
    wrappers: number[];
    /** Whether it waits for other processes. */
    collective: boolean;
  }[] = [];
  private readonly placeholders = new Set<number>();
  private readonly resources = new ResourceOrder<Pointer>();
  /** How many nodes of each operation there are. */
  readonly counts = new Map<string, number>();

  /** @param ordersCollectives whether they run in the order in which they are recorded, whatever they depend on */
  constructor(private readonly context: Context, private readonly ordersCollectives = true) {
    this.graph = context.c.TF_NewGraph();
  }

  /** An input of the function that is being traced. */
  placeholder(shape: number[], dtype: number): GraphTensor {
    const [tensor] = this.finish("Placeholder", [], (d) => {
      setGraphAttributes(
        this.context.c,
        d,
        [attr.type("dtype", dtype), attr.shape("shape", shape)],
        NO_SKIP,
      );
    }, 1);
    this.placeholders.add(tensor.node);
    return tensor;
  }

  isPlaceholder(tensor: GraphTensor): boolean {
    return this.placeholders.has(tensor.node);
  }

  /**
   * Begins another part of the graph, which shares no node with those before.
   * @returns the number that its nodes have at least
   */
  startPart(): number {
    this.seen.clear();
    return this.nodes.length;
  }

  /**
   * What some tensors are computed from.
   * @param given whether a tensor is taken as it is
   * @returns the nodes that compute them, and the tensors that are taken
   */
  reach(
    tensors: GraphTensor[],
    given: (tensor: GraphTensor) => boolean,
  ): { nodes: Set<number>; taken: GraphTensor[] } {
    const nodes = new Set<number>(), taken = new Map<string, GraphTensor>();
    const waiting = [...tensors];
    for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
      if (given(tensor)) taken.set(nameOf(tensor), tensor);
      else if (!nodes.has(tensor.node)) {
        const { inputs, wrappers } = this.nodes[tensor.node];
        for (const node of [tensor.node, ...wrappers]) nodes.add(node);
        waiting.push(...inputs);
      }
    }
    return { nodes, taken: [...taken.values()] };
  }

  /** A value that is known while tracing. */
  constant(shape: number[], dtype: number, data: Uint8Array | Uint8Array[]): GraphTensor {
    const small = !Array.isArray(data) && data.byteLength <= COMPARED_CONSTANT_BYTES;
    const key = small ? `Const ${this.context.device} ${dtype} ${shape} ${data.join()}` : undefined;
    const known = key && this.seen.get(key);
    if (known) return known[0];
    const { c, status } = this.context;
    const outputs = this.finish("Const", [], (d) => {
      const tensor = newTensor(c, shape, dtype, data);
      c.TF_SetAttrTensor(d, cString("value"), tensor, status.pointer);
      c.TF_DeleteTensor(tensor);
      status.check(() => "a constant");
      c.TF_SetAttrType(d, cString("dtype"), dtype);
    }, 1);
    if (key) this.seen.set(key, outputs);
    return outputs[0];
  }

  /** A tensor of one repeated value, as a node that makes it rather than as data. */
  fill(shape: number[], dtype: number, element: Uint8Array): GraphTensor {
    const dims = new Uint8Array(Int32Array.from(shape).buffer);
    return this.operation(
      "Fill",
      [attr.type("T", dtype), attr.type("index_type", DataType.int32)],
      [
        this.constant([shape.length], DataType.int32, dims),
        this.constant([], dtype, element),
      ],
      1,
    )[0];
  }

  /**
   * One operation. Those on the same resource variable run in the order in which they were recorded.
   * @param results where TensorFlow cannot tell: types and shapes of the outputs
   */
  operation(
    name: string,
    attributes: Attribute[],
    inputs: GraphTensor[],
    outputCount: number,
    results?: { shape: number[]; dtype: number }[],
  ): GraphTensor[] {
    const definition = opDefinition(name);
    if (!definition) throw new TensorflowError(`TensorFlow has no operation ${name}`);
    const touched = inputs.filter((t) => t.dtype === DataType.resource).map(nameOf);
    const collective = name.startsWith("Collective");
    touched.push(...this.orderOf(collective));
    const key = definition.stateful
      ? undefined
      : `${name} ${this.context.device} ${inputs.map(nameOf)} ${
        attributes.map((a) => `${a.name}=${a.value}`)
      }`;
    const known = key && this.seen.get(key);
    if (known) return known;
    const skip = new Set<string>();
    const outputs = this.finish(
      name,
      inputs,
      (d) => {
        let at = 0;
        definition.inputs.forEach((argument, i) => {
          if (!argument.numberAttribute && !argument.typeListAttribute) {
            return this.addInput(d, inputs[at++]);
          }
          // A list takes what the arguments after it leave.
          const after = definition.inputs.length - i - 1;
          const list = inputs.slice(at, inputs.length - after);
          at += list.length;
          this.context.c.TF_AddInputList(d, packOutputs(list), list.length);
          if (argument.numberAttribute) {
            skip.add(argument.numberAttribute);
          }
          if (argument.typeListAttribute) skip.add(argument.typeListAttribute);
        });
        setGraphAttributes(this.context.c, d, attributes, skip);
        for (const earlier of this.resources.before(name, touched)) {
          this.context.c.TF_AddControlInput(d, earlier);
        }
      },
      outputCount,
      () => describe(name, inputs),
      results,
      (operation) => this.resources.add(name, touched, operation),
      collective,
    );
    if (key) this.seen.set(key, outputs);
    return outputs;
  }

  /** What an operation touches by waiting for other processes: in another order they would wait for ever. */
  private orderOf(collective: boolean): string[] {
    return collective && this.ordersCollectives ? ["collectives"] : [];
  }

  /** The same tensor as a node that is never merged and runs after `dependencies`. */
  after(tensor: GraphTensor, dependencies: GraphTensor[]): GraphTensor {
    const { c } = this.context;
    return this.finish("Identity", [tensor, ...dependencies], (d) => {
      this.addInput(d, tensor);
      c.TF_SetAttrType(d, cString("T"), tensor.dtype);
      for (const { operation } of dependencies) c.TF_AddControlInput(d, operation);
    }, 1)[0];
  }

  /** A call of another traced function as one node; a function built with XLA stays one XLA kernel. */
  call(traced: TracedFunction, inputs: GraphTensor[]): GraphTensor[] {
    const key = `call ${traced.name} ${this.context.device} ${inputs.map(nameOf)}`;
    const known = this.seen.get(key);
    if (known) return known;
    const { c, status } = this.context;
    if (!this.called.has(traced.name)) {
      c.TF_GraphCopyFunction(this.graph, traced.pointer, null, status.pointer);
      status.check(() => `using ${traced.name}`);
      this.called.add(traced.name);
    }
    const touched = this.orderOf(traced.collective);
    const results = this.finish(
      "PartitionedCall",
      inputs,
      (d) => {
        c.TF_AddInputList(d, packOutputs(inputs), inputs.length);
        c.TF_SetAttrTypeList(
          d,
          cString("Tin"),
          Int32Array.from(inputs, (t) => t.dtype),
          inputs.length,
        );
        c.TF_SetAttrTypeList(
          d,
          cString("Tout"),
          Int32Array.from(traced.outputs, (t) => t.dtype),
          traced.outputs.length,
        );
        const name = utf8(traced.name);
        c.TF_SetAttrFuncName(d, cString("f"), name, BigInt(name.length));
        if (traced.xla) c.TF_SetAttrBool(d, cString("_XlaMustCompile"), 1);
        for (const earlier of this.resources.before("call", touched)) {
          c.TF_AddControlInput(d, earlier);
        }
      },
      traced.outputs.length,
      () => describe(traced.name, inputs),
      traced.outputs,
      (operation) => this.resources.add("call", touched, operation),
      traced.collective,
    );
    // TensorFlow copies "_" attributes of a node that feeds a function's argument onto the argument, and an
    // argument that must be compiled by XLA is an error: an Identity keeps them apart.
    if (!traced.xla) {
      this.seen.set(key, results);
      return results;
    }
    const outputs = results.map((t) => this.after(t, []));
    this.nodes[results[0].node].wrappers.push(...outputs.map((t) => t.node));
    this.seen.set(key, outputs);
    return outputs;
  }

  /** Closes the graph, or a part of it, into a function of the context. */
  toFunction(
    label: string,
    inputs: GraphTensor[],
    outputs: GraphTensor[],
    { xla = false, nodes, inlined = true }: FunctionOptions = {},
  ): TracedFunction {
    const { c, pointer: context, status } = this.context;
    const name = `${label.replace(/[^A-Za-z0-9_]/g, "_")}_${functions++}`;
    const effects = this.resources.lastWrites();
    const contents = nodes ? Array.from(nodes, (node) => this.nodes[node]) : this.nodes;
    const operations = nodes && contents.map(({ operation }) => operation);
    const pointer = c.TF_GraphToFunctionWithControlOutputs(
      this.graph,
      cString(name),
      0,
      operations ? operations.length : -1,
      operations ? BigUint64Array.from(operations, Deno.UnsafePointer.value) : null,
      inputs.length,
      packOutputs(inputs),
      outputs.length,
      packOutputs(outputs),
      null,
      effects.length,
      BigUint64Array.from(effects, Deno.UnsafePointer.value),
      null,
      null,
      cString(""),
      status.pointer,
    );
    status.check(() => `closing function ${name}`);
    const marks = [...xla ? ["_XlaMustCompile"] : [], ...inlined ? [] : ["_noinline"]];
    for (const mark of marks) {
      const yes = new Uint8Array([0x28, 1]); // AttrValue { b: true }
      c.TF_FunctionSetAttrValueProto(pointer, cString(mark), yes, 2n, status.pointer);
      status.check(() => `marking ${name} as ${mark}`);
    }
    c.TFE_ContextAddFunction(context, pointer, status.pointer);
    status.check(() => `adding function ${name}`);
    return {
      name,
      label,
      pointer,
      outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
      xla,
      collective: contents.some(({ collective }) => collective),
    };
  }

  delete(): void {
    this.context.c.TF_DeleteGraph(this.graph);
  }

  private addInput(description: Pointer, tensor: GraphTensor): void {
    this.context.c.TF_AddInput(description, packOutputs([tensor]));
  }

  private finish(
    name: string,
    inputs: GraphTensor[],
    fill: (description: Pointer) => void,
    outputCount: number,
    what: () => string = () => name,
    shapes?: { shape: number[]; dtype: number }[],
    made: (operation: Pointer) => void = () => {},
    collective = false,
  ): GraphTensor[] {
    const { c, status } = this.context;
    const node = this.nodes.length;
    const description = c.TF_NewOperation(this.graph, cString(name), utf8(`${prefix()}n${node}\0`));
    fill(description);
    if (this.context.device && name !== "Placeholder") {
      c.TF_SetDevice(description, cString(this.context.device));
    }
    const operation = c.TF_FinishOperation(description, status.pointer);
    status.check(what);
    made(operation);
    this.nodes.push({ operation, inputs, wrappers: [], collective });
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return Array.from({ length: outputCount }, (_, index) => {
      if (shapes) {
        const dims = BigInt64Array.from(shapes[index].shape, BigInt);
        c.TF_GraphSetTensorShape(
          this.graph,
          outputStruct(operation, index),
          dims,
          dims.length,
          status.pointer,
        );
        status.check(what);
      }
      return {
        tracer: this,
        operation,
        index,
        shape: this.shapeOf(operation, index, what),
        dtype: c.TF_OperationOutputType(outputStruct(operation, index)),
        node,
      };
    });
  }

  private shapeOf(operation: Pointer, index: number, what: () => string): number[] {
    const { c, status } = this.context;
    const rank = c.TF_GraphGetTensorNumDims(
      this.graph,
      outputStruct(operation, index),
      status.pointer,
    );
    status.check(what);
    const dims = new BigInt64Array(Math.max(rank, 1));
    if (rank >= 0) {
      c.TF_GraphGetTensorShape(
        this.graph,
        outputStruct(operation, index),
        dims,
        rank,
        status.pointer,
      );
      status.check(what);
    }
    const shape = Array.from(dims.subarray(0, Math.max(rank, 0)), Number);
    if (rank < 0 || shape.some((n) => n < 0)) {
      throw new TensorflowError(
        `${what()}: the shape of its result depends on values, which a traced function cannot ` +
          `have${atUserFrame()}`,
      );
    }
    return shape;
  }
}

/** The label of the code that runs, as the first part of a node's name. */
function prefix(): string {
  const label = currentScope();
  return label && `${label.replace(/[^A-Za-z0-9_/]/g, "_").replace(/^[_/]/, ".$&")}/`;
}
