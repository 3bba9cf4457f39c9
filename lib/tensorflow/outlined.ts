/**
 * Code that a traced function runs many times, as a function of TensorFlow's of its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { castTo, idOf, running, toTensor } from "./backend.ts";
import { customGradMany } from "./custom-grad.ts";
import { DataType } from "./dtypes.ts";
import { isTapeOn, offTape } from "./engine.ts";
import { TensorflowError } from "./library.ts";
import { apart, pullback } from "./pullback.ts";
import { recompute } from "./recompute.ts";
import type { Trace } from "./trace.ts";
import type { GraphTensor, TracedFunction } from "./graph-tensor.ts";
import { flatten, type Structure, structureKey, unflatten } from "./tree.ts";

export interface OutlineOptions {
  /** Shows in TensorFlow's errors and profiles. */
  name?: string;
  /** Keep the arguments alone for the gradient, and run `fn` again, as {@link recompute}. */
  recompute?: boolean;
}

/** A tensor of a call: one that it is given, or one that a recorded function gives. */
type Source =
  | { from: "arguments" | "forward" | "dys" | "path" | "others"; index: number }
  | { from: "captures"; current: () => number };
type Tensors = Partial<Record<Exclude<Source["from"], "captures">, tf.Tensor[]>>;

/** A recorded function with what it is called with; null where there is nothing to compute. */
type Part = { traced: TracedFunction; inputs: Source[] } | null;

/** `fn` for arguments of certain shapes. */
interface Outline {
  result: Structure;
  /** The tensors of the result. */
  outputs: Source[];
  /** Gives what the gradient needs, too. */
  forward: Part;
  backward: Backward | null;
}

/** The gradient in two parts: on the path to what was computed before, and of weights, for which nobody waits. */
interface Backward {
  path: Part;
  others: Part;
  /** By the number of an argument's tensor. */
  gradients: Map<number, Source>;
  /** Results that have gradients. */
  dys: { result: number; dtype: "bfloat16" | "float32" }[];
}

/**
 * Makes `fn` one function that a traced function calls, instead of recording what it does once more for every call: a
 * stack of equal layers is traced, optimised and kept in memory as one layer. So is its gradient, in two parts: the
 * gradients of `x`, which the layer before waits for, and those of `weights`, for which nobody does.
 *
 * Outside of traced functions, and while operations are timed, `fn` runs as it is. Inside of one, calls with
 * arguments of equal shapes share what was recorded at the first: whatever else `fn` uses has to be the same for
 * all of them. Arguments and result are tensors in nested arrays and records. `fixed` has no gradient.
 *
 * Make it anew in each traced function: what was recorded belongs to that one.
 *
 * Collectives inside of `fn` have to depend on each other, since nothing else keeps them in order; calls of what has
 * collectives run in the order in which they were recorded.
 *
 * @throws TensorflowError when `fn` uses variables
 */
export function outlined<X, W, F, R>(
  fn: (x: X, weights: W, fixed: F) => R,
  { name = fn.name || "outlined", recompute: again = false }: OutlineOptions = {},
): (x: X, weights: W, fixed: F) => R {
  const outlines = new Map<string, Outline>();
  return (...args) => {
    const { binding } = running();
    if (!binding.tracing) return (again ? recompute(fn) : fn)(...args);
    const inputs: tf.Tensor[] = [], taped = isTapeOn();
    const structure = flatten(args, inputs);
    const key = `${taped} ${structureKey(structure, `argument of ${name}`)} ${
      inputs.map((t) => `${binding.dtypeOf(idOf(t))}[${t.shape}]`)
    }`;
    let outline = outlines.get(key);
    if (!outline) {
      const [x, weights] = args.map(countTensors);
      const run = (tensors: tf.Tensor[]) =>
        fn(...unflatten(structure, tensors.values()) as [X, W, F]);
      outline = offTape(() => {
        const recording = { name, inputs, run };
        if (!taped) return recordForward(recording);
        if (!again) return recordBoth(recording, { x, weights });
        const { backward } = recordBoth(recording, { x, weights, again });
        return { ...recordForward(recording), backward };
      });
      outlines.set(key, outline);
    }
    return unflatten(outline.result, call(outline, inputs).values()) as R;
  };
}

function countTensors(value: unknown): number {
  const tensors: tf.Tensor[] = [];
  flatten(value, tensors);
  return tensors.length;
}

/** Calls what was recorded, and puts its gradient on tfjs's tape. */
function call({ outputs, forward, backward }: Outline, inputs: tf.Tensor[]): tf.Tensor[] {
  return customGradMany((...inputs) => {
    const computed = callPart(forward, { arguments: inputs });
    return {
      values: outputs.map((source) => tensorOf(source, { arguments: inputs, forward: computed })),
      saved: [...inputs, ...computed],
      gradients: (dys, kept) => {
        const given: Tensors = {
          arguments: kept.slice(0, inputs.length),
          forward: kept.slice(inputs.length),
          dys: backward!.dys.map(({ result, dtype }) => castTo(dys[result], dtype)),
        };
        given.path = callPart(backward!.path, given);
        given.others = callPart(backward!.others, given);
        return inputs.map((input, i) => () => {
          const source = backward!.gradients.get(i);
          return source ? tensorOf(source, given).clone() : tf.zeros(input.shape);
        });
      },
    };
  })(...inputs);
}

function tensorOf(source: Source, tensors: Tensors): tf.Tensor {
  if (source.from !== "captures") return tensors[source.from]![source.index];
  throw new TensorflowError("an outlined function gave back a tensor from outside; clone it");
}

function callPart(part: Part, tensors: Tensors): tf.Tensor[] {
  if (!part) return [];
  const ids = part.inputs.map((source) =>
    source.from === "captures" ? source.current() : idOf(tensorOf(source, tensors))
  );
  return running().binding.callFunction(part.traced, ids).map(toTensor);
}

interface Recording {
  name: string;
  /** The tensors of the first call's arguments. */
  inputs: tf.Tensor[];
  run: (tensors: tf.Tensor[]) => unknown;
}

const recordForward = ({ name, inputs, run }: Recording): Outline =>
  inGraph(inputs, (graph) => {
    const outputs: tf.Tensor[] = [];
    const result = flatten(run(graph.tensors), outputs);
    const symbols = outputs.map((t) => graph.symbol(t));
    const forward = graph.part("forward", name, symbols);
    return { result, outputs: graph.sourcesOf(symbols), forward, backward: null };
  });

/**
 * Records `fn` and its gradient as one graph, and cuts it.
 * @param cut how many tensors of the arguments, the first ones, belong to `x`, and how many after them to `weights`;
 *   with `again` all of the graph goes to the gradient
 */
const recordBoth = (
  { name, inputs, run }: Recording,
  { x, weights, again = false }: { x: number; weights: number; again?: boolean },
): Outline =>
  inGraph(inputs, (graph) => {
    const isFloat = (i: number) => graph.tensors[i].dtype === "float32";
    const wanted = inputs.keys().filter((i) => i < x + weights && isFloat(i)).toArray();
    let result: Structure | undefined, begin = 0;
    let ys: GraphTensor[] = [];
    const dys: Backward["dys"] = [];
    const pulled = pullback(
      () => {
        const outputs: tf.Tensor[] = [];
        result = flatten(run(graph.tensors), outputs);
        return apart(outputs, graph.tensors);
      },
      wanted.map((i) => graph.tensors[i]),
      (outputs) => {
        ys = outputs.map((t) => graph.symbol(t));
        if (!again) begin = graph.startPart();
        return outputs.map((output, result) => {
          if (output.dtype !== "float32") return output;
          const bf16 = ys[result].dtype === DataType.bfloat16;
          dys.push({ result, dtype: bf16 ? "bfloat16" : "float32" });
          return graph.argument("dys", dys.length - 1, ys[result]);
        });
      },
    );
    const found = wanted.flatMap((input, i) => {
      const gradient = pulled[i];
      return gradient ? [{ input, symbol: graph.symbol(gradient) }] : [];
    });
    const symbols = (group: typeof found) => group.map(({ symbol }) => symbol);
    const { forward, ...parts } = graph.cut(name, begin, {
      results: again ? [] : ys,
      path: symbols(found.filter(({ input }) => input < x)),
      others: symbols(found.filter(({ input }) => input >= x)),
    });
    const sources = graph.sourcesOf(symbols(found));
    const gradients = new Map(found.map(({ input }, i) => [input, sources[i]]));
    return {
      result: result!,
      outputs: again ? [] : graph.sourcesOf(ys),
      forward,
      backward: { ...parts, gradients, dys },
    };
  });

/** A graph inside the graph that is being recorded, and where its tensors come from when it is called. */
class InnerGraph {
  /** Stand for the tensors of the arguments. */
  readonly tensors: tf.Tensor[];
  private readonly sources = new Map<GraphTensor, Source>();

  constructor(private readonly trace: Trace, inputs: tf.Tensor[]) {
    const { binding } = running();
    this.tensors = inputs.map((input, index) =>
      this.argument("arguments", index, {
        shape: input.shape,
        dtype: binding.dtypeOf(idOf(input)),
      })
    );
  }

  /** Another input. */
  argument(
    from: "arguments" | "dys",
    index: number,
    { shape, dtype }: { shape: number[]; dtype: number },
  ): tf.Tensor {
    const symbol = this.trace.tracer.placeholder(shape, dtype);
    this.sources.set(symbol, { from, index });
    return toTensor(running().binding.fromSymbol(symbol));
  }

  symbol(tensor: tf.Tensor): GraphTensor {
    return running().binding.toSymbol(idOf(tensor));
  }

  sourcesOf(tensors: GraphTensor[]): Source[] {
    return tensors.map((tensor) => {
      const source = this.sources.get(tensor);
      if (source) return source;
      const { current } = this.trace.captured.find(({ symbol }) => symbol === tensor)!;
      return { from: "captures", current };
    });
  }

  startPart(): number {
    return this.trace.tracer.startPart();
  }

  /**
   * The graph in three functions.
   * @param begin the gradient's first node; what it needs of those before is saved
   */
  cut(
    name: string,
    begin: number,
    wanted: { results: GraphTensor[]; path: GraphTensor[]; others: GraphTensor[] },
  ): { forward: Part } & Pick<Backward, "path" | "others"> {
    const { tracer } = this.trace;
    const isGiven = (t: GraphTensor) => t.node < begin || tracer.isPlaceholder(t);
    const path = tracer.reach(wanted.path, isGiven);
    const isKnown = (t: GraphTensor) => isGiven(t) || path.nodes.has(t.node);
    const others = tracer.reach(wanted.others, isKnown);
    const needed = [...path.taken, ...others.taken];
    return {
      forward: this.part("forward", name, [
        ...wanted.results,
        ...needed.filter((t) => t.node < begin),
      ]),
      path: this.part("path", `${name}_gradient`, [...wanted.path, ...others.taken], isGiven),
      others: this.part("others", `${name}_weights`, wanted.others, isKnown),
    };
  }

  /** A function of the context that computes those of some tensors that are not given. */
  part(
    from: "forward" | "path" | "others",
    name: string,
    tensors: GraphTensor[],
    isGiven = (t: GraphTensor) => this.trace.tracer.isPlaceholder(t),
  ): Part {
    const { tracer, owned } = this.trace;
    const outputs = [...new Set(tensors.filter((t) => !isGiven(t)))];
    if (outputs.length === 0) return null;
    const { nodes, taken } = tracer.reach(outputs, isGiven);
    const inputs = this.sourcesOf(taken);
    outputs.forEach((t, index) => this.sources.set(t, { from, index }));
    const traced = tracer.toFunction(name, taken, outputs, { nodes, inlined: false });
    owned.push(traced);
    return { traced, inputs };
  }
}

const inGraph = <T>(inputs: tf.Tensor[], body: (graph: InnerGraph) => T): T =>
  running().binding.withTrace("outer", (trace) => {
    let result: T;
    tf.tidy(() => {
      result = body(new InnerGraph(trace, inputs));
    });
    return result!;
  });
