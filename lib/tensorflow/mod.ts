/**
 * TensorFlow.js on a current TensorFlow, from Deno: eager, traced, in bfloat16. Knows nothing of language models.
 *
 * @example
 * ```ts
 * import { jit, tf } from "@/lib/tensorflow/mod.ts";
 * const step = jit((x: tf.Tensor) => tf.grad((y: tf.Tensor) => y.square().sum())(x));
 * step(tf.tensor1d([1, 2, 3])).print(); // 2, 4, 6
 * ```
 *
 * @module
 */
export { attr, type Attribute } from "./attributes.ts";
export {
  castTo,
  configure,
  devices,
  dtypeOf,
  effect,
  hasStarted,
  idOf,
  memory,
  op,
  running,
  tf,
  version,
} from "./backend.ts";
export type { Memory } from "./tensor-table.ts";
export type { Cluster } from "./cluster.ts";
export { allGather, allReduce, type CollectiveOptions } from "./collectives.ts";
export type { ContextOptions, Device } from "./context.ts";
export {
  customGrad,
  customGradMany,
  type ForwardResult,
  type ForwardResults,
  together,
} from "./custom-grad.ts";
export { after } from "./after.ts";
export { copyToDevice, deviceOf, withDevice } from "./device.ts";
export { DataType } from "./dtypes.ts";
export { fused, jit, type JitOptions, type Jitted } from "./jit.ts";
export { TensorflowError } from "./library.ts";
export { outlined, type OutlineOptions } from "./outlined.ts";
export { canPackProducts, packedProduct } from "./packed-product.ts";
export { type OpTime, profileOps, profileOpsAsync } from "./profile.ts";
export { recompute } from "./recompute.ts";
export { ResourceVariable } from "./resource-variable.ts";
export { scope } from "./scope.ts";
