/**
 * Activation recomputation: memory for time.
 *
 * Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, arXiv:1604.06174.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { after } from "./after.ts";
import { running } from "./backend.ts";
import { customGrad } from "./custom-grad.ts";
import { TensorflowError } from "./library.ts";
import { surroundings } from "./surroundings.ts";
import { flatten, type Structure, unflatten } from "./tree.ts";

/** The parts of tfjs's engine that `tf.customGrad` does not give access to. */
interface Engine {
  state: { activeTape: TapeNode[] | null };
  isTapeOn(): boolean;
  runKernelFunc(parameters: {
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor[];
    backwardsFunc: (dys: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => Gradients;
    inputs: Record<string, tf.Tensor>;
  }): tf.Tensor[];
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy: tf.Tensor,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: tf.Tensor[] };
}
type Gradients = Record<string, () => tf.Tensor>;
interface TapeNode {
  inputs: Record<string, tf.Tensor>;
  gradient: (dys: (tf.Tensor | null)[]) => Gradients;
}

/**
 * Makes `fn` keep nothing but its arguments for the gradient: when the gradient is taken, `fn` runs once more,
 * and what it computes on the way lives only until then. A stack of blocks keeps one tensor a block instead of
 * all that the blocks compute, for about a third more time.
 *
 * Arguments and result are tensors in nested arrays and records, as for `jit`. A gradient goes to arguments only:
 * weights must be among them, tensors that `fn` takes from outside count as constants. Only gradients that are
 * asked for are computed.
 *
 * In a function traced by `jit` the second run waits for the incoming gradient, and is kept apart from the first.
 * XLA does not wait and merges the two: with `jit(fn, { xla: true })` nothing is saved.
 *
 * @throws TensorflowError when `fn` draws random numbers or uses variables, which could be others the second
 *   time: pass them as arguments
 */
export function recompute<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const engine = tf.engine() as unknown as Engine;
    const inPlace = surroundings("recompute");
    const inputs: tf.Tensor[] = [];
    const structure = flatten(args, inputs);
    let result: Structure | undefined;
    let needed: number[] = [];

    /** The results of one run of `fn`. */
    const run = (tensors: tf.Tensor[]): tf.Tensor[] => {
      const outputs: tf.Tensor[] = [];
      const given = unflatten(structure, tensors.values()) as A;
      result = flatten(repeatable(() => fn(...given)), outputs);
      // To tfjs's tape a tensor that is there twice is one.
      const seen = new Set(tensors);
      return outputs.map((tensor) => {
        if (seen.has(tensor)) return tensor.clone();
        seen.add(tensor);
        return tensor;
      });
    };

    const backward = (dys: tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
      const outerTape = engine.state.activeTape;
      try {
        return tf.tidy(() => {
          const again = saved.map((tensor) => after(tensor, dys));
          const wanted = needed.map((i) => again[i]);
          const { value, grads } = engine.gradients(
            () => join(dys, run(again)),
            wanted,
            tf.scalar(1),
            true,
          );
          value.dispose();
          return grads.map((gradient, i) => gradient ?? tf.zerosLike(wanted[i]));
        });
      } finally {
        // tfjs drops the tape of a gradient inside whose backward pass another is taken.
        engine.state.activeTape = outerTape;
      }
    };

    const outputs = engine.runKernelFunc({
      forwardFunc: (_, save) => {
        save(inputs);
        return run(inputs);
      },
      backwardsFunc: (dys, saved) => {
        const gradients = inPlace(() => backward([dys].flat(), saved));
        return Object.fromEntries(needed.map((i, k) => [i, () => gradients[k]]));
      },
      inputs: { ...inputs } as unknown as Record<string, tf.Tensor>,
    });
    if (engine.isTapeOn()) {
      // tfjs knows which inputs lead to what is differentiated only when it walks back, and calls this on a copy
      // of the node that has those inputs alone.
      const node = engine.state.activeTape!.at(-1)!;
      const { gradient } = node;
      node.gradient = function (this: TapeNode, dys) {
        needed = Object.keys(this.inputs).map(Number);
        return gradient(dys);
      };
    }
    return unflatten(result!, outputs.values()) as R;
  };
}

/** A scalar whose gradient to each of `tensors` is the one of `dys` at its place; integers have none. */
function join(dys: tf.Tensor[], tensors: tf.Tensor[]): tf.Tensor {
  const differentiable = (_: unknown, i: number) => tensors[i].dtype === "float32";
  return customGrad((..._) => ({
    value: tf.scalar(0),
    saved: dys.filter(differentiable),
    gradients: (_, dys) => dys.map((dy) => () => dy.clone()),
  }))(...tensors.filter(differentiable));
}

/** Runs `fn`, in which everything must come out the same the next time. */
function repeatable<R>(fn: () => R): R {
  const random = Math.random;
  // tfjs draws random tensors in JavaScript, seeded from here.
  Math.random = () => {
    throw new TensorflowError(
      "random numbers were drawn inside recompute, where they would differ the second time; " +
        "draw them outside and pass them as an argument",
    );
  };
  try {
    return running().binding.withoutState("recompute", fn);
  } finally {
    Math.random = random;
  }
}
