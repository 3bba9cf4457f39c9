/**
 * What a step says of each example.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";

/** Per-example results, fp32 [examples] each. SFT has losses and chosen log-probs only. */
export interface ExampleTensors {
  losses: tf.Tensor1D;
  chosenLogps: tf.Tensor1D;
  rejectedLogps?: tf.Tensor1D;
  chosenRewards?: tf.Tensor1D;
  rejectedRewards?: tf.Tensor1D;
}

/** The same as numbers, one entry per example. */
export type ExampleResults = { [K in keyof ExampleTensors]: Float32Array };

/** Tensors of results as numbers; the tensors are disposed. */
export function readResults(tensors: ExampleTensors): ExampleResults {
  const results = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]),
  );
  tf.dispose(Object.values(tensors));
  return results as unknown as ExampleResults;
}
