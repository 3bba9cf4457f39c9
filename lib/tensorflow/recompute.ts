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
import { engine, isTapeOn, type TapeNode } from "./engine.ts";
import { TensorflowError } from "./library.ts";
import { apart, pullback } from "./pullback.ts";
import { surroundings } from "./surroundings.ts";
import { flatten, type Structure, unflatten } from "./tree.ts";

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
      return apart(outputs, tensors);
    };

    const backward = (dys: tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
      const { state } = engine(), outerTape = state.activeTape;
      try {
        return tf.tidy(() => {
          const again = saved.map((tensor) => after(tensor, dys));
          const wanted = needed.map((i) => again[i]);
          return pullback(() => run(again), wanted, () => dys)
            .map((gradient, i) => gradient ?? tf.zerosLike(wanted[i]));
        });
      } finally {
        // tfjs drops the tape of a gradient inside whose backward pass another is taken.
        state.activeTape = outerTape;
      }
    };

    const outputs = engine().runKernelFunc({
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
    if (isTapeOn()) {
      // tfjs knows which inputs lead to what is differentiated only when it walks back, and calls this on a copy
      // of the node that has those inputs alone.
      const node = engine().state.activeTape!.at(-1)!;
      const { gradient } = node;
      node.gradient = function (this: TapeNode, dys) {
        needed = Object.keys(this.inputs).map(Number);
        return gradient(dys);
      };
    }
    return unflatten(result!, outputs.values()) as R;
  };
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
