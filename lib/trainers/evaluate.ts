/**
 * Held-out metrics.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import { readResults } from "@/lib/trainers/example-results.ts";
import type { Trained } from "@/lib/trainers/update.ts";

/**
 * Means over all held-out examples; every example counts once, whatever the batch size.
 *
 * @param evaluated the reference's log-probs, kept from one evaluation to the next: the reference does not change
 */
export async function evaluate(
  { steps, weights, adapted, reference, referenceLogps: kept }: Omit<
    Trained,
    "optimizer" | "precision"
  >,
  pairs: TokenizedPair[],
  batchSize: number,
  evaluated: Map<number, Float32Array>,
  onProgress?: (done: number, total: number) => void,
): Promise<Record<string, number>> {
  const sums = new MetricSums();
  for (const [i, whole] of fullBatches(pairs, batchSize, steps.batchShares).entries()) {
    const filled = steps.own(whole);
    const at = i * whole.length, count = Math.min(whole.length, pairs.length - at);
    const tensors = steps.place(filled), mismatched = steps.placeMismatched(filled);
    // Responses to other prompts need the reference itself, every time.
    const before = mismatched ? undefined : evaluated.get(at);
    const known = kept?.of(filled) ?? (before ? tf.tensor1d(before) : null);
    const { examples, referenceLogps: told } = await steps.losses(
      weights,
      tensors,
      { logps: known, weights: known ? null : reference, mismatched },
      adapted ? { ...adapted, dropoutSeed: null } : null,
    );
    if (!known) evaluated.set(at, told.dataSync() as Float32Array);
    sums.add("eval", readResults(examples), count);
    told.dispose();
    disposeLayout(tensors);
    if (mismatched) disposeLayout(mismatched);
    known?.dispose();
    onProgress?.(at + count, pairs.length);
  }
  return sums.means();
}

/**
 * Held-out pairs in batches of one size, so that their shape is known already: the last batch is filled up with
 * copies, which are not to be counted.
 *
 * @param shares processes that a batch is divided among; it is enlarged to a multiple
 */
export function fullBatches(
  pairs: TokenizedPair[],
  batchSize: number,
  shares = 1,
): TokenizedPair[][] {
  const size = shareable(Math.min(batchSize, pairs.length), shares);
  return Array.from({ length: Math.ceil(pairs.length / size) }, (_, i) => {
    const batch = pairs.slice(i * size, (i + 1) * size);
    return [...batch, ...Array(size - batch.length).fill(batch[0])];
  });
}

/** At least so many examples, of which every process gets as many. */
const shareable = (size: number, shares: number): number => Math.ceil(size / shares) * shares;

/** After how many examples there is an evaluation, as in the reference a multiple of a batch; says so where it is another. */
export function roundEvalEvery(
  { evalEvery, batchSize }: TrainSettings,
  log: (line: string) => void,
): number {
  if (evalEvery % batchSize === 0) return evalEvery;
  const rounded = Math.max(batchSize, evalEvery - evalEvery % batchSize);
  log(
    `eval_every=${evalEvery} is no multiple of batch_size=${batchSize}; evaluating every ${rounded} examples`,
  );
  return rounded;
}
