/**
 * The gradient of every tensor and what one update makes of it, through the public `update`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, needsReference } from "@/lib/losses/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import { frozenWeights, type Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { ALONE, type Parallelism } from "@/lib/trainers/parallelism.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { update, type UpdateSettings } from "@/lib/trainers/update.ts";
import { largestDifference } from "../models/relative-difference.ts";

export const DPO: LossSettings = {
  name: "dpo",
  beta: 0.1,
  labelSmoothing: 0,
  referenceFree: false,
};
export const SFT: LossSettings = { ...DPO, name: "sft" };

/** Settings of {@link updateOnce}'s update; nothing is clipped, since that would hide a wrong scale. */
export const updateSettings = (parts: number): UpdateSettings => ({
  lr: 1e-4,
  lrSchedulerType: "constant",
  warmupSteps: 0,
  maxGradNorm: Infinity,
  gradientAccumulationSteps: parts,
  updates: Infinity,
});

export interface Model {
  config: DecoderConfig;
  weights: Weights;
}

/** What one update made of a model. */
export interface Updated {
  norm: number;
  losses: number[];
  /** AdamW's first moments after one update from zero: a tenth of the gradient. */
  moments: Weights;
  /** New weights minus old ones. */
  changes: Weights;
}

/**
 * One update in fp32 from a batch in so many parts; the model stays as it is. For DPO the reference has another last norm, so that the pairs have unequal weights.
 *
 * @param StepsClass computes the gradients; a subclass can have a bug
 * @param parallelism how it is spread over devices of this process
 */
export async function updateOnce(
  { config, weights: start }: Model,
  pairs: TokenizedPair[],
  loss: LossSettings,
  layout: LayoutKind,
  parts = 1,
  StepsClass: typeof Steps = Steps,
  parallelism: Parallelism = ALONE,
): Promise<Updated> {
  // Values of their own: the optimiser writes in place.
  const weights = Object.fromEntries(
    Object.entries(start).map(([name, w]) => [name, tf.add(w, 0)]),
  );
  const steps = new StepsClass(config, loss, layout, "fp32", new Buckets(), false, parallelism);
  const norm = tf.mul(start["model.norm.weight"], 1.02);
  const reference = needsReference(loss)
    ? frozenWeights({ ...start, "model.norm.weight": norm }, "fp32")
    : null;
  const optimizer = new Optimizer("AdamW", weights, parallelism.deviceOf);
  const report = await update(
    { steps, weights, reference, optimizer, precision: "fp32" },
    pairs,
    // Not the first update: that one asks for a reference like the policy.
    1,
    updateSettings(parts),
  );
  const changes: Weights = {}, moments: Weights = {};
  for (const name of Object.keys(weights)) {
    changes[name] = tf.sub(weights[name], start[name]);
    moments[name] = optimizer.state.exp_avg[name].read();
  }
  optimizer.dispose();
  tf.dispose([weights, reference ?? {}, norm]);
  steps.dispose();
  const losses = report.results.flatMap((result) => Array.from(result.losses));
  return { norm: report.norm, losses, moments, changes };
}

/** @throws AssertionError naming what differs by more than 1e-4: the gradient of a tensor, a loss, the whole norm */
export function assertSameGradients(found: Updated, wanted: Updated): void {
  const gradient = largestDifference(found.moments, wanted.moments);
  assert.ok(gradient.relative <= 1e-4, `gradient of ${gradient.name}: off by ${gradient.relative}`);
  found.losses.forEach((loss, i) =>
    assert.ok(
      Math.abs(loss - wanted.losses[i]) <= 1e-4 * wanted.losses[i],
      `loss ${i}: ${loss} against ${wanted.losses[i]}`,
    )
  );
  assert.ok(
    Math.abs(found.norm / wanted.norm - 1) <= 1e-4,
    `gradient norm: ${found.norm} against ${wanted.norm}`,
  );
}

/**
 * AdamW's first step is the gradient's sign, which rounding turns round where the gradient is almost 0: changes are
 * less equal than gradients.
 *
 * @throws AssertionError naming the tensor whose change differs by more than 1e-2
 */
export function assertSameChanges(found: Updated, wanted: Updated): void {
  const change = largestDifference(found.changes, wanted.changes);
  assert.ok(change.relative <= 1e-2, `change of ${change.name}: off by ${change.relative}`);
}

/** Frees the tensors of results. */
export const disposeUpdated = (...results: Updated[]): void =>
  results.forEach(({ moments, changes }) => tf.dispose([moments, changes]));
