/**
 * A function while it is traced: its graph, and the tensors from outside that it turns out to use.
 *
 * @module
 */
import { type Context, removeFunction } from "./context.ts";
import { TensorflowError } from "./library.ts";
import type { GraphTensor, TracedFunction } from "./graph-tensor.ts";
import { Tracer } from "./tracer.ts";
import { atUserFrame } from "./user-frame.ts";

/** Something from outside that a traced function uses. */
export interface Capture {
  /** The input that stands for it. */
  symbol: GraphTensor;
  /** The number of the tensor that a call is to be given. */
  current(): number;
  /** When no call will follow. */
  free(): void;
}

/**
 * Which tensors from outside a function may use: none but its arguments; any that has a value; those of the function
 * too inside of which it is traced, and which calls it.
 */
export type Captures = "nothing" | "values" | "outer";

export class Trace {
  readonly tracer: Tracer;
  /** Tensors of the function outside, or of nobody, that are there until it is recorded. */
  readonly held: number[] = [];
  /** Functions that nobody else calls. */
  readonly owned: TracedFunction[] = [];
  private readonly captures = new Map<unknown, Capture>();

  constructor(private readonly context: Context, readonly capturing: Captures) {
    // Parts of a graph do not wait for operations that are not in them; their calls are in order.
    this.tracer = new Tracer(context, capturing !== "outer");
  }

  /** What stands for `key` in the function: the same as before, or a new input. */
  capture(
    key: unknown,
    { shape, dtype }: { shape: number[]; dtype: number },
    source: () => Omit<Capture, "symbol">,
  ): GraphTensor {
    if (this.capturing === "nothing") {
      throw new TensorflowError(
        `a fused kernel may use its arguments and constants only${atUserFrame()}`,
      );
    }
    let capture = this.captures.get(key);
    if (!capture) {
      const symbol = this.tracer.placeholder(shape, dtype);
      this.captures.set(key, capture = { symbol, ...source() });
    }
    return capture.symbol;
  }

  /** All captures, in the order of their inputs. */
  get captured(): Capture[] {
    return [...this.captures.values()];
  }

  /** After an error: nobody will call the function. */
  abandon(): void {
    this.captured.forEach((capture) => capture.free());
    this.owned.forEach((traced) => removeFunction(this.context, traced));
  }
}
