/**
 * Order between parts of a traced function that do not depend on each other's values.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { idOf, running, toTensor } from "./backend.ts";
import { customGrad } from "./custom-grad.ts";

/**
 * The same tensor, which in a traced function does not exist before `dependencies` do: what is computed from it
 * runs later, so that the memory of both is not needed at once.
 */
export const after = (tensor: tf.Tensor, dependencies: tf.Tensor[]): tf.Tensor =>
  customGrad((x) => ({
    value: toTensor(running().binding.after(idOf(x), dependencies.map(idOf))),
    saved: [],
    gradients: (dy) => [() => dy.clone()],
  }))(tensor);
