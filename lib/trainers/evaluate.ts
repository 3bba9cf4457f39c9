/**
 * Held-out metrics.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import { type ExampleResults, type ExampleTensors, Steps } from "@/lib/trainers/step.ts";

/** Tensors of results as numbers; the tensors are disposed. */
export function readResults(tensors: ExampleTensors): ExampleResults {
  const results = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]),
  );
  tf.dispose(Object.values(tensors));
  return results as unknown as ExampleResults;
}

/**
 * Means over all held-out examples; every example counts once, whatever the batch size.
 *
 * @param reference weights of the reference; null for SFT
 * @param referenceLogps kept from one evaluation to the next: the reference does not change
 */
export async function evaluate(
  steps: Steps,
  weights: Weights,
  reference: Weights | null,
  pairs: TokenizedPair[],
  batchSize: number,
  referenceLogps: Map<number, Float32Array>,
  onProgress?: (done: number, total: number) => void,
): Promise<Record<string, number>> {
  const sums = new MetricSums();
  for (let at = 0; at < pairs.length; at += batchSize) {
    const batch = pairs.slice(at, at + batchSize);
    // The last batch is filled up with copies, which are not counted: its shape is known already.
    const filled = [
      ...batch,
      ...Array(Math.min(batchSize, pairs.length) - batch.length).fill(batch[0]),
    ];
    const tensors = steps.place(filled);
    let known: tf.Tensor1D | null = null;
    if (reference) {
      const kept = referenceLogps.get(at);
      known = kept ? tf.tensor1d(kept) : await steps.logps(reference, tensors);
      if (!kept) referenceLogps.set(at, known.dataSync() as Float32Array);
    }
    sums.add("eval", readResults(await steps.losses(weights, tensors, known)), batch.length);
    disposeLayout(tensors);
    known?.dispose();
    onProgress?.(Math.min(at + batchSize, pairs.length), pairs.length);
  }
  return sums.means();
}

/** Frees a batch that was placed. */
export function disposeLayout(layout: ReturnType<Steps["place"]>): void {
  const { tables, places, ...rest } = layout;
  tf.dispose([tables.cos, tables.sin]);
  if (places) tf.dispose([places.rowOfPlace, places.placeOfRow]);
  for (const value of Object.values(rest)) if (value instanceof tf.Tensor) value.dispose();
}
