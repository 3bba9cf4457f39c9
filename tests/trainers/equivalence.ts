/**
 * Some updates of a model in one of the ways that training knows, through the public `update`, and how far two ways
 * are apart: the gradient of every tensor, what the updates make of it, every loss.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, needsReference } from "@/lib/losses/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { initialAdapters, type LoraSettings } from "@/lib/models/lora.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import { frozenWeights, type Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { ALONE, type Parallelism } from "@/lib/trainers/parallelism.ts";
import { computeReference, ReferenceLogps } from "@/lib/trainers/reference.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update, type UpdateSettings } from "@/lib/trainers/update.ts";
import { largestDifference } from "../models/relative-difference.ts";

export const DPO: LossSettings = {
  name: "dpo",
  beta: 0.1,
  labelSmoothing: 0,
  referenceFree: false,
};
export const SFT: LossSettings = { ...DPO, name: "sft" };

/** Settings of the updates; nothing is clipped, since that would hide a wrong scale. */
const updateSettings = (parts: number): UpdateSettings => ({
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

/** What a process keeps of a model, and back. */
export interface Keeping {
  /** Tensors of their own: the optimiser writes in place. */
  keep(whole: Weights): Promise<Weights> | Weights;
  whole(kept: Weights): Promise<Weights> | Weights;
}
const ALL: Keeping = {
  keep: (whole) => Object.fromEntries(Object.entries(whole).map(([n, w]) => [n, tf.add(w, 0)])),
  whole: (kept) => kept,
};

/** A way to train. */
export interface Way {
  loss: LossSettings;
  layout: LayoutKind;
  /** Parts that the batch is computed in; default 1. */
  parts?: number;
  /** Activations are computed again for the gradient. */
  checkpointing?: boolean;
  /** The reference's log-probs are computed before training. */
  precomputed?: boolean;
  /** Adapters are trained instead of the model; with `dropout` its masks are those of the seed "0". */
  lora?: LoraSettings;
  /** How it is spread over devices or processes. */
  parallelism?: Parallelism;
  keeping?: Keeping;
  /** Computes the gradients; a subclass can have a bug. */
  StepsClass?: typeof Steps;
}

/** What some updates made of a model. */
export interface Run {
  /** Norm of the first gradient. */
  norm: number;
  /** Of each update each pair's. */
  losses: number[][];
  /** AdamW's first moments after one update from zero: a tenth of the gradient. */
  gradients: Weights;
  /** New weights minus old ones, after all updates. */
  changes: Weights;
}

/**
 * Updates in fp32, all from one batch; the model stays as it is. For DPO the reference has another last norm, so that
 * the pairs have unequal weights.
 */
export async function trainFor(
  updates: number,
  { config, weights: start }: Model,
  pairs: TokenizedPair[],
  way: Way,
): Promise<Run> {
  const { loss, layout, parts = 1, checkpointing = false, parallelism = ALONE } = way;
  const { keeping = ALL, StepsClass = Steps, lora } = way;
  const model = await keeping.keep(start);
  const initial = lora ? someAdapters(config, lora) : start;
  // Every process has all adapters.
  const trains = lora ? ALL : keeping, weights = lora ? await ALL.keep(initial) : model;
  const makeSteps = (Class: typeof Steps) =>
    new Class(config, loss, layout, "fp32", new Buckets(), checkpointing, parallelism);
  const steps = makeSteps(StepsClass),
    optimizer = new Optimizer("AdamW", weights, parallelism.deviceOf);
  const norm = tf.mul(start["model.norm.weight"], 1.02);
  const others = { ...start, "model.norm.weight": norm };
  const reference = !needsReference(loss)
    ? null
    : keeping === ALL
    ? frozenWeights(others, "fp32")
    : await keeping.keep(others);
  const trained: Trained = { steps, weights, reference, optimizer, precision: "fp32" };
  if (lora) {
    trained.adapted = { base: model, settings: lora, dropoutSeed: lora.dropout > 0 ? "0" : null };
  }
  if (way.precomputed) {
    trained.referenceLogps = await beforehand(pairs, makeSteps(Steps), reference!);
    trained.reference = null;
  }
  const run: Partial<Run> & Pick<Run, "losses"> = { losses: [] };
  for (let i = 1; i <= updates; i++) {
    // Not counted from 0: before that update policy and reference have to be alike.
    const report = await update(trained, pairs, i, updateSettings(parts));
    run.losses.push(report.results.flatMap((result) => Array.from(result.losses)));
    if (i > 1) continue;
    run.norm = report.norm;
    const moments = Object.entries(optimizer.state.exp_avg).map(([n, v]) => [n, v.read()]);
    run.gradients = await trains.whole(Object.fromEntries(moments));
  }
  const found = await trains.whole(weights);
  run.changes = Object.fromEntries(
    Object.keys(initial).map((name) => [name, tf.sub(found[name], initial[name])]),
  );
  optimizer.dispose();
  tf.dispose([weights, reference ?? {}, norm]);
  if (lora) tf.dispose([model, initial]);
  steps.dispose();
  return run as Run;
}

/** Adapters of which none is zero, the same everywhere. */
function someAdapters(config: DecoderConfig, lora: LoraSettings): Weights {
  const initial = initialAdapters(config, lora, 1);
  return Object.fromEntries(
    Object.entries(initial).map(([name, value], i) => {
      if (name.includes("lora_A")) return [name, value];
      value.dispose();
      return [name, tf.randomNormal(value.shape, 0, 0.02, "float32", i)];
    }),
  );
}

async function beforehand(
  pairs: TokenizedPair[],
  steps: Steps,
  weights: Weights,
): Promise<ReferenceLogps> {
  const folder = await Deno.makeTempDir(), { signal } = new AbortController();
  try {
    const cache = ReferenceLogps.open(folder, "reference", "fp32");
    await computeReference(
      cache,
      cache.missing(pairs),
      3,
      steps,
      weights,
      ALONE,
      signal,
      () => {},
    );
    return cache;
  } finally {
    steps.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The largest relative difference of one kind between two runs, and where it is. */
export interface Difference {
  relative: number;
  name: string;
}

const apart = (a: number, b: number) => Math.abs(a / b - 1);

/** What is compared of two runs. */
const COMPARED = {
  /** ‖Δg‖/‖g‖ of a tensor's first gradient. */
  gradient: (found: Run, wanted: Run): Difference =>
    largestDifference(found.gradients, wanted.gradients),
  /** The same of what all updates changed. */
  change: (found: Run, wanted: Run): Difference => largestDifference(found.changes, wanted.changes),
  /** Of one pair's loss in one update. */
  loss: (found: Run, wanted: Run): Difference =>
    wanted.losses.flatMap((row, update) =>
      row.map((loss, pair) => ({
        relative: apart(found.losses[update]?.[pair], loss),
        name: `pair ${pair} in update ${update + 1}`,
      }))
    ).reduce((a, b) => b.relative <= a.relative ? a : b),
  norm: (found: Run, wanted: Run): Difference => ({
    relative: apart(found.norm, wanted.norm),
    name: "the whole gradient",
  }),
};
export type Compared = keyof typeof COMPARED;

/**
 * What rounding may make of two ways that compute the same. AdamW's step is the gradient's sign at first, which
 * rounding turns round where the gradient is almost 0: changes are less equal than gradients.
 */
export const LIMITS: Record<Compared, number> = {
  gradient: 1e-4,
  change: 1e-2,
  loss: 1e-4,
  norm: 1e-4,
};

export const difference = (what: Compared, found: Run, wanted: Run): Difference =>
  COMPARED[what](found, wanted);

/** @throws AssertionError naming what differs by more than {@link LIMITS}, the gradient first */
export function assertEquivalent(
  found: Run,
  wanted: Run,
  compared: Compared[] = ["gradient", "change", "loss", "norm"],
): void {
  for (const what of compared) {
    const { relative, name } = difference(what, found, wanted);
    assert.ok(relative <= LIMITS[what], `${what} of ${name}: off by ${relative}`);
  }
}

/** Frees the tensors of runs. */
export const disposeRuns = (...runs: Run[]): void =>
  runs.forEach(({ gradients, changes }) => tf.dispose([gradients, changes]));
