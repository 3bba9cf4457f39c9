/**
 * The parts of tfjs's engine that its own types keep to themselves: how operations reach the tape that gradients are
 * taken from.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** By the name of an input, what computes its gradient. */
export type Gradients = Record<string, () => tf.Tensor>;

/** An operation on the tape. */
export interface TapeNode {
  inputs: Record<string, tf.Tensor>;
  gradient: (dys: (tf.Tensor | null)[]) => Gradients;
}

interface Engine {
  state: { activeTape: TapeNode[] | null; gradientDepth: number; kernelDepth: number };
  isTapeOn(): boolean;
  runKernelFunc<R extends tf.Tensor | tf.Tensor[] = tf.Tensor[]>(parameters: {
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => R;
    backwardsFunc: (dys: R, saved: tf.Tensor[]) => Gradients;
    inputs: Record<string, tf.Tensor>;
  }): R;
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy: tf.Tensor,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | null)[] };
}

export const engine = (): Engine => tf.engine() as unknown as Engine;

/** Whether operations are recorded for a gradient now. */
export const isTapeOn = (): boolean => engine().isTapeOn();

/** Runs `fn` as if no gradient were being taken; it may take some of its own. */
export function offTape<R>(fn: () => R): R {
  const { state } = engine(), { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  try {
    return fn();
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}
