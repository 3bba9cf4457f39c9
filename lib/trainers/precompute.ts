/**
 * The reference's part of a run that is done before training.
 *
 * @module
 */
import { join } from "node:path";
import { batches, examplesPerEpoch } from "@/lib/datasets/batches.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { needsMismatched } from "@/lib/losses/mod.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import type { TrainHooks, TrainInput } from "@/lib/trainers/train-input.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { computeReference, ReferenceLogps } from "@/lib/trainers/reference.ts";
import { batchOptions, totalExamples } from "@/lib/trainers/settings.ts";
import { Steps } from "@/lib/trainers/step.ts";

const DEFAULT_FOLDER = join(PROJECT_ROOT, ".cache", "reference");

/** Whether the run computes the reference's log-probs before training. */
export function precomputes({ settings, train }: TrainInput): boolean {
  // Who meets whom in a batch is not known beforehand, nor what a reference that moves will say.
  if (needsMismatched(settings.loss) || settings.referenceSync) return false;
  if (settings.precomputeReference !== "auto") return settings.precomputeReference;
  return totalExamples(settings, train) > examplesPerEpoch(train, batchOptions(settings));
}

/**
 * The reference's log-probs of all pairs that the run will see; those that no earlier run computed are computed.
 *
 * @param weights the reference's
 */
export async function precomputeReference(
  input: TrainInput,
  weights: Weights,
  { signal, onProgress, onMetrics, log }: TrainHooks,
): Promise<ReferenceLogps> {
  const { settings, source, train, held, layout, precision, parallelism } = input;
  const folder = settings.referenceCache ?? DEFAULT_FOLDER;
  const cache = ReferenceLogps.open(folder, source.digest, precision, settings.loss.ldAlpha);
  const pairs = [...await pairsOf(input), ...held];
  await cache.share(pairs, parallelism);
  const waiting = cache.missing(pairs);
  if (waiting.length === 0) return cache;
  const start = performance.now();
  const steps = new Steps(
    source.config,
    settings.loss,
    layout,
    precision,
    new Buckets(),
    false,
    parallelism,
  );
  await computeReference(
    cache,
    waiting,
    settings.batchSize,
    steps,
    weights,
    parallelism,
    signal,
    (done, of) => onProgress(0, totalExamples(settings, train), `reference ${done}/${of}`),
  );
  steps.dispose();
  const seconds = (performance.now() - start) / 1000;
  onMetrics({
    examples: 0,
    updates: 0,
    reference_pairs: waiting.length,
    reference_seconds: seconds,
  });
  log(
    `computed the reference's log-probs of ${waiting.length} pairs in ${seconds.toFixed(1)} s; ` +
      `they are kept in ${folder}`,
  );
  return cache;
}

/** The pairs that training draws, each at least once. */
async function pairsOf({ settings, source, train }: TrainInput): Promise<TokenizedPair[]> {
  const options = batchOptions(settings);
  const wholeEpochs = totalExamples(settings, train) >= examplesPerEpoch(train, options);
  const drawn = batches(
    train,
    source.tokenizer,
    wholeEpochs
      ? { ...options, shuffle: false, nEpochs: 1, nExamples: undefined, lastBatch: "keep" }
      : options,
  );
  const pairs: TokenizedPair[] = [];
  for await (const batch of drawn) pairs.push(...batch.pairs);
  return pairs;
}
