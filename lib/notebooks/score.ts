/**
 * Log-probs of preference pairs under a model, for the notebooks that look at them.
 *
 * @module
 */
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { sequenceLogps } from "@/lib/models/logps.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadWeights } from "@/lib/models/weights.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/** log p(response | prompt), summed over the response's tokens, in nats; one of each per pair. */
export interface PairScores {
  chosen: number[];
  rejected: number[];
}

/**
 * Scores pairs in fp32, one pair at a time so that little memory is needed.
 *
 * @param model a preset, a file or the `policy` folder of a checkpoint
 * @throws {InputError} there is no such model
 */
export async function scorePairs(
  model: string,
  pairs: readonly TokenizedPair[],
  onProgress?: OnProgress,
): Promise<PairScores> {
  const source = await openModel(model);
  const weights = await loadWeights(source);
  const scores: PairScores = { chosen: [], rejected: [] };
  try {
    for (const [index, { chosen, rejected }] of pairs.entries()) {
      const [c, r] = tf.tidy(() => {
        const layout = layoutTensors(layOut([chosen, rejected], "packed"), source.config);
        return sequenceLogps(source.config, weights, layout, "fp32").dataSync();
      });
      scores.chosen.push(c);
      scores.rejected.push(r);
      onProgress?.(index + 1, pairs.length);
    }
  } finally {
    tf.dispose(weights);
    source.close();
  }
  return scores;
}
