/**
 * `jit(fn)`: ordinary tfjs code, gradients included, as one TensorFlow function.
 *
 * The first call with new shapes runs `fn` once while every operation is recorded; later calls run the
 * recorded graph.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { returnFreedMemory } from "./allocator.ts";
import { idOf, running, toTensor } from "./backend.ts";
import { removeFunction } from "./context.ts";
import { shownAs } from "./dtypes.ts";
import { engine } from "./engine.ts";
import type { Capture } from "./trace.ts";
import type { TracedFunction } from "./graph-tensor.ts";
import { flatten, type Structure, structureKey, unflatten } from "./tree.ts";

export interface JitOptions {
  /** Shows in TensorFlow's errors and profiles. */
  name?: string;
  /** Compile with XLA. Pays for small elementwise work; its matrix products are slow on CPUs. */
  xla?: boolean;
  /** How many shapes are kept; the one used longest ago goes first. Default 64. */
  maxTraces?: number;
}

/** A traced function. Arguments and result are tensors in nested arrays and records; other values are part of the cache key. */
export interface Jitted<A extends unknown[], R> {
  (...args: A): R;
  /** The same on another thread; the event loop goes on meanwhile. */
  async(...args: A): Promise<R>;
  /** How many different shapes and values have been traced and are kept. */
  readonly traces: number;
  /** Frees all traces. */
  dispose(): void;
}

interface Trace {
  traced: TracedFunction;
  result: Structure;
  /** Tensors from outside `fn`. */
  captured: Capture[];
  /** Functions that this one alone calls. */
  owned: TracedFunction[];
}

/**
 * Makes `fn` run as one TensorFlow function.
 *
 * Tensors that `fn` uses but is not given are taken as they are when it is traced; a `tf.Variable` or
 * {@link ResourceVariable} has the value of the moment at each call. Everything else that `fn` does besides
 * operations on tensors is done once, at tracing. While a gradient is
 * being taken, another function traced, or operations timed one by one, `fn` runs as plain code and becomes
 * part of that.
 *
 * @throws TensorflowError when `fn` reads a value back (`dataSync`) or makes a shape that depends on values
 */
export function jit<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const { name = fn.name || "traced", xla = false, maxTraces = 64 } = options;
  const traces = new Map<string, Trace>();

  function prepare(args: A): { trace: Trace; inputs: number[]; isNew: boolean } {
    const { binding } = running();
    const tensors: tf.Tensor[] = [];
    const structure = flatten(args, tensors);
    const inputs = tensors.map(idOf);
    const key = `${structureKey(structure, `argument of ${name}`)} ${
      inputs.map((id) => `${binding.dtypeOf(id)}[${binding.shapeOf(id)}]`)
    }`;
    let trace = traces.get(key);
    if (trace && !stillFits(trace)) {
      free(traces, key);
      trace = undefined;
    }
    const isNew = !trace;
    if (trace) traces.delete(key);
    else {
      trace = record(fn, structure, inputs, name, xla);
      if (traces.size >= maxTraces) free(traces, traces.keys().next().value!);
    }
    traces.set(key, trace);
    return {
      trace,
      inputs: [...inputs, ...trace.captured.map((capture) => capture.current())],
      isNew,
    };
  }

  const finish = (trace: Trace, outputs: tf.Tensor[]) =>
    unflatten(trace.result, outputs.values()) as R;
  const inside = () => running().binding.tracing || engine().state.gradientDepth > 0;
  // Timed one by one, operations run as plain code, and leave behind what a traced function would.
  const plain = (args: A): R => tf.tidy(() => fn(...args) as tf.TensorContainer) as R;

  const call = (...args: A): R => {
    if (inside()) return fn(...args);
    if (running().binding.observed) return plain(args);
    const { trace, inputs } = prepare(args);
    return finish(trace, running().binding.callFunction(trace.traced, inputs).map(toTensor));
  };
  Object.defineProperty(call, "traces", { get: () => traces.size });
  return Object.assign(call as typeof call & { readonly traces: number }, {
    async async(...args: A): Promise<R> {
      if (running().binding.observed) return plain(args);
      const { trace, inputs, isNew } = prepare(args);
      const outputs = await running().binding.callFunctionAsync(trace.traced, inputs);
      // Compiling took memory that no later call needs.
      if (isNew) returnFreedMemory();
      return finish(trace, outputs.map(toTensor));
    },
    dispose() {
      for (const key of [...traces.keys()]) free(traces, key);
    },
  });
}

function record<A extends unknown[], R>(
  fn: (...args: A) => R,
  structure: Structure,
  inputs: number[],
  name: string,
  xla: boolean,
): Trace {
  const { binding } = running();
  return binding.withTrace("values", (trace) => {
    const { tracer } = trace;
    const placeholders = inputs.map((id) =>
      tracer.placeholder(binding.shapeOf(id), binding.dtypeOf(id))
    );
    let result: Structure | undefined;
    const outputs: ReturnType<typeof binding.toSymbol>[] = [];
    tf.tidy(() => {
      const tensors = placeholders.map((symbol) => toTensor(binding.fromSymbol(symbol)));
      const args = unflatten(structure, tensors.values()) as A;
      const returned: tf.Tensor[] = [];
      result = flatten(fn(...args), returned);
      for (const tensor of returned) outputs.push(binding.toSymbol(idOf(tensor)));
      // What `fn` kept to get it out of an inner scope has served.
      tf.dispose(returned);
    });
    const { captured, owned } = trace;
    const traced = tracer.toFunction(
      name,
      [...placeholders, ...captured.map(({ symbol }) => symbol)],
      outputs,
      { xla },
    );
    return { traced, result: result!, captured, owned };
  });
}

/** A variable that was captured may hold another type of float by now. */
const stillFits = ({ captured }: Trace) =>
  captured.every(({ symbol, current }) => running().binding.dtypeOf(current()) === symbol.dtype);

function free(traces: Map<string, Trace>, key: string): void {
  const { binding } = running();
  const { traced, captured, owned } = traces.get(key)!;
  for (const made of [traced, ...owned]) removeFunction(binding.context, made);
  captured.forEach((capture) => capture.free());
  traces.delete(key);
}

/**
 * An elementwise body (with reductions along the last axis at most) as one XLA kernel, as a single node inside
 * a traced function or a single call outside. It has no gradient: use it inside {@link customGrad}.
 * The body may use its arguments and constants only, and sees their real types.
 */
export function fused<const N extends number>(
  name: string,
  body: (...tensors: tf.Tensor[]) => tf.Tensor[] & { length: N },
): (...tensors: tf.Tensor[]) => tf.Tensor[] {
  const kernels = new Map<string, TracedFunction>();
  return (...tensors) => {
    const { binding } = running();
    const ids = tensors.map(idOf);
    const key = ids.map((id) => `${binding.dtypeOf(id)}[${binding.shapeOf(id)}]`).join();
    let kernel = kernels.get(key);
    if (!kernel) {
      kernel = binding.withTrace("nothing", ({ tracer }) => {
        const placeholders = ids.map((id) =>
          tracer.placeholder(binding.shapeOf(id), binding.dtypeOf(id))
        );
        let outputs: ReturnType<typeof binding.toSymbol>[] = [];
        tf.tidy(() => {
          const args = placeholders.map((symbol) => toTensor(binding.fromSymbol(symbol)));
          outputs = body(...args).map((tensor) => binding.toSymbol(idOf(tensor)));
        });
        return tracer.toFunction(name, placeholders, outputs, { xla: true });
      });
      kernels.set(key, kernel);
    }
    return binding.callFunction(kernel, ids).map((t) =>
      toTensor({ ...t, dtype: shownAs(t.dtype) })
    );
  };
}
