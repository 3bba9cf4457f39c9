/**
 * Held-out metrics.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import { disposeLayout, readResults } from "@/lib/trainers/step.ts";
import type { Trained } from "@/lib/trainers/update.ts";

/**
 * Means over all held-out examples; every example counts once, whatever the batch size.
 *
 * @param referenceLogps kept from one evaluation to the next: the reference does not change
 */
export async function evaluate(
  { steps, weights, reference }: Pick<Trained, "steps" | "weights" | "reference">,
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
