/**
 * Custom gradients whose parts are computed only when somebody asks for them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { engine, type Gradients } from "./engine.ts";
import { surroundings } from "./surroundings.ts";

/** Value and gradient of one operation. */
export interface ForwardResult {
  value: tf.Tensor;
  /** Tensors that `gradients` will need; kept until the gradient has been taken. */
  saved: tf.Tensor[];
  /** One function per input, called only if that input's gradient is needed. */
  gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => (() => tf.Tensor)[];
}

/** The same for an operation with any number of values; `dys` has a gradient for each. */
export interface ForwardResults {
  values: tf.Tensor[];
  saved: tf.Tensor[];
  gradients: (dys: tf.Tensor[], saved: tf.Tensor[]) => (() => tf.Tensor)[];
}

/**
 * Like `tf.customGrad`, but with one thunk per input, so that a gradient nobody needs is never computed nor
 * recorded. `tf.customGrad` computes them all. Gradients run on the device of the forward part, and under its label
 * and "/gradient".
 */
export function customGrad<A extends tf.Tensor[]>(
  forward: (...inputs: A) => ForwardResult,
): (...inputs: A) => tf.Tensor {
  return (...inputs) =>
    differentiable(inputs, () => {
      const { value, saved, gradients } = forward(...inputs);
      return { result: value, saved, gradients };
    });
}

/** {@link customGrad} for operations with several values. A value without a gradient counts as one of zeros. */
export function customGradMany<A extends tf.Tensor[]>(
  forward: (...inputs: A) => ForwardResults,
): (...inputs: A) => tf.Tensor[] {
  return (...inputs) =>
    differentiable(inputs, () => {
      const { values, saved, gradients } = forward(...inputs);
      return {
        result: values,
        saved,
        // tfjs hands the gradient of a single value over as it is.
        gradients: (dys, saved) => gradients([dys].flat(), saved),
      };
    });
}

function differentiable<R extends tf.Tensor | tf.Tensor[]>(
  inputs: tf.Tensor[],
  forward: () => {
    result: R;
    saved: tf.Tensor[];
    gradients: (dy: R, saved: tf.Tensor[]) => (() => tf.Tensor)[];
  },
): R {
  const inPlace = surroundings("gradient");
  let gradients: (dy: R, saved: tf.Tensor[]) => (() => tf.Tensor)[];
  return engine().runKernelFunc<R>({
    forwardFunc: (_, save) => {
      const computed = forward();
      gradients = computed.gradients;
      save(computed.saved);
      return computed.result;
    },
    backwardsFunc: (dy, saved) =>
      ({
        ...inPlace(() => gradients(dy, saved)).map((gradient) => () => inPlace(gradient)),
      }) as unknown as Gradients,
    inputs: { ...inputs } as unknown as Record<string, tf.Tensor>,
  });
}

/**
 * Several gradients from one computation, behind one thunk each: computed once, each handed over once.
 */
export function together(count: number, compute: () => tf.Tensor[]): (() => tf.Tensor)[] {
  let results: tf.Tensor[] | undefined;
  return Array.from({ length: count }, (_, i) => () => {
    // Each thunk runs in a tidy of its own, which would dispose the others' results.
    results ??= compute().map((tensor) => tf.keep(tensor));
    const handed = results[i].clone();
    results[i].dispose();
    return handed;
  });
}
