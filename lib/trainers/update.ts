/**
 * One update of the weights from one batch: gradients in parts, clipping, the optimiser.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { OperationError } from "@/lib/errors.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import type { LoraSettings } from "@/lib/models/lora.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { accumulate, globalNorm } from "@/lib/trainers/gradients.ts";
import { clipFactor, type Optimizer } from "@/lib/trainers/optimizers.ts";
import { learningRate } from "@/lib/trainers/schedule.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { ReferenceLogps } from "@/lib/trainers/reference.ts";
import { type ExampleResults, readResults } from "@/lib/trainers/example-results.ts";
import type { Steps } from "@/lib/trainers/step.ts";

/** What is being trained. */
export interface Trained {
  steps: Steps;
  /** What each update replaces: the model's weights, or with LoRA the adapters. */
  weights: Weights;
  /** With LoRA: the model that the adapters are on, and the seed of their dropout, where there is any. */
  adapted?: { base: Weights; settings: LoraSettings; dropoutSeed: string | null } | null;
  /** Weights of the reference, with LoRA the base itself; null for SFT, and where its log-probs are known. */
  reference: Weights | null;
  /** The reference's log-probs, where they were computed beforehand. */
  referenceLogps?: ReferenceLogps | null;
  optimizer: Optimizer;
  precision: Precision;
}

/** What one update did. */
export interface UpdateReport {
  /** Norm of the whole gradient before clipping. */
  norm: number;
  lr: number;
  /** Results of each part of the batch. */
  results: ExampleResults[];
  /** Norms of single tensors' gradients before clipping, for those asked for. */
  norms: Record<string, number>;
}

/** A loss or a gradient that is not finite: no update is made of it, and the weights are as before. */
export class NonFiniteUpdate extends OperationError {
  constructor(message: string, readonly pairs: readonly TokenizedPair[]) {
    super(message);
  }
}

/** What of a run's settings an update reads. */
export interface UpdateSettings extends
  Pick<
    TrainSettings,
    "lr" | "lrSchedulerType" | "warmupSteps" | "maxGradNorm" | "gradientAccumulationSteps"
  > {
  /** How many updates the run has in all. */
  updates: number;
}

/**
 * Updates the weights from one batch.
 *
 * @param updates how many updates there were before
 * @param normsOf names of the tensors whose gradient norms are told
 * @throws {NonFiniteUpdate} when the gradient, or the loss of a pair, is not finite; in all processes of a run
 * @throws OperationError when, before the first update, policy and reference give the batch different log-probs
 */
export async function update(
  trained: Trained,
  pairs: TokenizedPair[],
  updates: number,
  settings: UpdateSettings,
  normsOf: string[] = [],
): Promise<UpdateReport> {
  const { weights, optimizer } = trained;
  const size = pairs.length / settings.gradientAccumulationSteps;
  const results: ExampleResults[] = [];
  let gradients: Weights | null = null, normTensor: tf.Tensor | null = null;
  for (let at = 0; at < pairs.length; at += size) {
    const part = await gradientsOf(
      trained,
      pairs.slice(at, at + size),
      size / pairs.length,
      updates,
      at,
    );
    results.push(part.results);
    gradients = gradients ? accumulate(gradients, part.gradients) : part.gradients;
    normTensor?.dispose();
    normTensor = part.norm;
  }
  if (settings.gradientAccumulationSteps > 1) {
    normTensor!.dispose();
    normTensor = trained.steps.norm(gradients!);
  }
  const norm = readScalar(normTensor!);
  const norms: Record<string, number> = {};
  for (const name of normsOf) norms[name] = readScalar(globalNorm([gradients![name]]));
  checkFinite(norm, results, pairs, updates + 1);
  const lr = learningRate(settings, updates, settings.updates);
  const factor = clipFactor(norm, settings.maxGradNorm);
  await optimizer.apply(weights, gradients!, lr, factor, updates + 1);
  return { norm, lr, results, norms };
}

async function gradientsOf(
  { steps, weights, adapted, reference, referenceLogps: kept, precision }: Trained,
  all: TokenizedPair[],
  scale: number,
  updates: number,
  at: number,
): Promise<{ gradients: Weights; norm: tf.Tensor; results: ExampleResults }> {
  const pairs = steps.own(all);
  const tensors = steps.place(pairs), mismatched = steps.placeMismatched(pairs);
  const known = kept?.of(pairs) ?? null;
  const seed = adapted?.dropoutSeed ?? null;
  const dropoutSeed = seed === null ? null : partSeed(seed, updates, at);
  const { gradients, norm, examples, logps, referenceLogps } = await steps.gradients(
    weights,
    tensors,
    { logps: known, weights: known ? null : reference, mismatched },
    scale,
    adapted ? { ...adapted, dropoutSeed } : null,
  );
  dropoutSeed?.dispose();
  if ((reference || known) && updates === 0) {
    checkReference(
      logps.dataSync() as Float32Array,
      referenceLogps.dataSync() as Float32Array,
      precision,
    );
  }
  tf.dispose([logps, referenceLogps]);
  known?.dispose();
  disposeLayout(tensors);
  if (mismatched) disposeLayout(mismatched);
  return { gradients, norm, results: readResults(examples) };
}

/** Seed of the dropout in the part of a batch that begins at example `at`; the same whenever it is computed. */
function partSeed(seed: string, updates: number, at: number): tf.Tensor {
  const digest = createHash("sha256").update(`${seed}/${updates}/${at}`).digest();
  return tf.tensor1d([digest.readInt32LE(0), digest.readInt32LE(4)], "int32");
}

function checkFinite(
  norm: number,
  results: readonly ExampleResults[],
  pairs: readonly TokenizedPair[],
  update: number,
): void {
  const losses = results.flatMap((part) => Array.from(part.losses));
  const of = (some: readonly TokenizedPair[]) => some.map(({ id }) => id).join(", ");
  const remedy = "lower lr= or raise warmup_steps=.";
  if (!Number.isFinite(norm)) {
    throw new NonFiniteUpdate(
      `The gradient of update ${update} is not finite (${norm}); ${remedy} Its pairs: ${
        of(pairs)
      }.`,
      pairs,
    );
  }
  const bad = pairs.filter((_, i) => !Number.isFinite(losses[i]));
  if (bad.length === 0) return;
  throw new NonFiniteUpdate(
    `The loss of update ${update} is not finite; ${remedy} Its pairs that have none: ${of(bad)}.`,
    pairs,
  );
}

function readScalar(tensor: tf.Tensor): number {
  const [value] = tensor.dataSync();
  tensor.dispose();
  return value;
}

/** How far policy and reference may be apart before the first update, relative to max(1, |log-prob|). */
const REFERENCE_TOLERANCE: Record<Precision, number> = { fp32: 1e-3, bf16: 1e-2 };

function checkReference(policy: Float32Array, reference: Float32Array, precision: Precision): void {
  policy.forEach((logp, i) => {
    const difference = Math.abs(logp - reference[i]) / Math.max(1, Math.abs(reference[i]));
    if (difference <= REFERENCE_TOLERANCE[precision]) return;
    throw new OperationError(
      `Before the first update policy and reference give sequence ${i} the log-probs ${logp} and ${
        reference[i]
      }; ` +
        `they have to be the same model computed the same way. Try precision=fp32.`,
    );
  });
}
