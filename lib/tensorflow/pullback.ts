/**
 * Gradients of functions with many results.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { customGrad } from "./custom-grad.ts";
import { engine } from "./engine.ts";

/**
 * Gradients with respect to some tensors of what `fn` computes from them.
 *
 * @param dysOf gradients of the results; those of integers are not looked at
 * @returns null for a tensor that no result depends on
 */
export function pullback(
  fn: () => tf.Tensor[],
  wanted: tf.Tensor[],
  dysOf: (results: tf.Tensor[]) => tf.Tensor[],
): (tf.Tensor | null)[] {
  const joined = () => {
    const results = fn();
    return join(dysOf(results), results);
  };
  const { value, grads } = engine().gradients(joined, wanted, tf.scalar(1), true);
  value.dispose();
  return grads;
}

/** A scalar whose gradient to each of `tensors` is the one of `dys` at its place. */
function join(dys: tf.Tensor[], tensors: tf.Tensor[]): tf.Tensor {
  const differentiable = (_: unknown, i: number) => tensors[i].dtype === "float32";
  return customGrad((..._) => ({
    value: tf.scalar(0),
    saved: dys.filter(differentiable),
    gradients: (_, dys) => dys.map((dy) => () => dy.clone()),
  }))(...tensors.filter(differentiable));
}

/** Results of which none is another one, or one of `inputs`: to tfjs's tape a tensor that is there twice is one. */
export function apart(results: tf.Tensor[], inputs: tf.Tensor[]): tf.Tensor[] {
  const seen = new Set(inputs);
  return results.map((tensor) => {
    if (seen.has(tensor)) return tensor.clone();
    seen.add(tensor);
    return tensor;
  });
}
