/**
 * `deno task bench profile`: where the time of one training step goes.
 *
 * @module
 */
import { TRAINING } from "@/lib/bench/configurations.ts";
import { stepFlops } from "@/lib/bench/flops.ts";
import { describeMachine, type Machine } from "@/lib/bench/machine.ts";
import {
  measurePeak,
  PEAK_SHAPES,
  type ProductShape,
  type ProductSpeed,
} from "@/lib/bench/matmul-peak.ts";
import type { PhaseOp } from "@/lib/bench/op-groups.ts";
import { builtInPairs, MAX_LENGTH } from "@/lib/bench/pairs.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { tokensOf } from "@/lib/bench/training-order.ts";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import { openModel } from "@/lib/models/source.ts";
import { frozenWeights, loadWeights } from "@/lib/models/weights.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { profileOpsAsync, tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { type Trained, update } from "@/lib/trainers/update.ts";

/** What is profiled. */
export interface ProfileOptions {
  /** As everywhere: preset, GGUF file or Hugging Face folder. */
  model: string;
  loss: "dpo" | "sft";
  precision: Precision | "auto";
  /** Matrix products whose fastest is the peak; default {@link PEAK_SHAPES}. */
  peakShapes?: readonly ProductShape[];
  signal: AbortSignal;
  onProgress: OnProgress;
}

/** What a profile found. Times are in seconds unless said otherwise. */
export interface ProfileResult {
  machine: Machine;
  loss: "dpo" | "sft";
  precision: Precision;
  pairs: number;
  tokens: number;
  /** Operations one by one, with the phase of the step that they belong to. */
  ops: PhaseOp[];
  /** A whole update as it is trained with: traced, several operations at once. Median of some. */
  tracedSeconds: number;
  /** Operations of the step's products, padding and recomputation not counted. */
  usefulFlops: number;
  peak: ProductSpeed;
}

const TRACED_STEPS = 5, EAGER_RUNS = 3;
const LOSS = { name: "dpo", beta: TRAINING.beta, labelSmoothing: 0, referenceFree: false } as const;

/**
 * Profiles one step on four pairs of middle size.
 *
 * @throws {InputError} when there is no such model
 */
export async function profileStep(options: ProfileOptions): Promise<ProfileResult> {
  const { loss, signal, onProgress } = options;
  const total = 1 + TRACED_STEPS + EAGER_RUNS + 1;
  let done = 0;
  const advance = (note: string) => {
    signal.throwIfAborted();
    onProgress(done++, total, note);
  };
  advance("loading the model");
  const source = await openModel(options.model);
  const precision = options.precision === "auto" ? fasterPrecision() : options.precision;
  const weights = await loadWeights(source);
  source.close();
  const steps = new Steps(
    source.config,
    { ...LOSS, name: loss },
    loss === "sft" ? "packed" : "shared-prompt",
    precision,
    new Buckets(),
  );
  const trained: Trained = {
    steps,
    weights,
    reference: loss === "sft" ? null : frozenWeights(weights, precision),
    optimizer: new Optimizer("AdamW", weights),
    precision,
  };
  const pairs = await middlePairs(source.tokenizer, loss);
  const settings = {
    lr: TRAINING.lr,
    lrSchedulerType: "constant" as const,
    updates: Infinity,
    warmupSteps: 0,
    maxGradNorm: TRAINING.maxGradNorm,
    gradientAccumulationSteps: 1,
  };
  let updates = 0;
  const traced: number[] = [];
  // The first one traces, the second one is the first at full speed.
  for (let i = 0; i < 2 + TRACED_STEPS; i++) {
    if (i > 1) advance("traced steps");
    const start = performance.now();
    await update(trained, pairs, updates++, settings);
    if (i > 1) traced.push((performance.now() - start) / 1000);
  }
  const runs: PhaseOp[][] = [];
  for (let i = 0; i <= EAGER_RUNS; i++) {
    if (i > 0) advance("one operation after the other");
    const ops = await eagerStep(trained, pairs, updates++);
    // The first run compiles kernels for this way of running.
    if (i > 0) runs.push(ops);
  }
  advance("matrix products");
  const [peak] = await measurePeak(precision, options.peakShapes ?? PEAK_SHAPES);
  const { reference, optimizer } = trained;
  tf.dispose(weights);
  if (reference) tf.dispose(reference);
  optimizer.dispose();
  steps.dispose();
  onProgress(total, total);
  return {
    machine: describeMachine(),
    loss,
    precision,
    pairs: pairs.length,
    tokens: tokensOf(pairs, loss),
    ops: fastest(runs),
    tracedSeconds: spread(traced).median,
    usefulFlops: stepFlops(source.config, pairs, { loss, liveReference: true, lora: null }),
    peak,
  };
}

/** The batch around the middle of the built-in pairs by length. */
async function middlePairs(
  tokenizer: Parameters<typeof builtInPairs>[0],
  loss: "dpo" | "sft",
): Promise<TokenizedPair[]> {
  const lengths = { maxLength: MAX_LENGTH, maxPromptLength: MAX_LENGTH / 2 };
  const pairs = (await builtInPairs(tokenizer)).train
    .map((row) => tokenizePair(tokenizer, row, lengths))
    .sort((a, b) => tokensOf([a], loss) - tokensOf([b], loss));
  const from = (pairs.length - TRAINING.batchSize) >> 1;
  return pairs.slice(from, from + TRAINING.batchSize);
}

/** One update, phase by phase, every operation timed; the weights are updated. */
async function eagerStep(
  { steps, weights, reference, optimizer }: Trained,
  pairs: TokenizedPair[],
  updates: number,
): Promise<PhaseOp[]> {
  const ops: PhaseOp[] = [];
  const timed = async <R>(phase: string, work: () => Promise<R>): Promise<R> => {
    const { result, ops: found } = await profileOpsAsync(work);
    ops.push(...found.map((op) => ({ ...op, phase })));
    return result;
  };
  const batch = steps.place(pairs);
  const known = reference && await timed("reference", () => steps.logps(reference, batch));
  const { gradients, norm, examples, logps, referenceLogps } = await timed(
    "policy",
    () => steps.gradients(weights, batch, { logps: known, weights: null }, 1),
  );
  await timed(
    "optimizer",
    () => optimizer.apply(weights, gradients, TRAINING.lr, 1, updates + 1),
  );
  tf.dispose([norm, logps, referenceLogps, ...Object.values(examples)]);
  known?.dispose();
  disposeLayout(batch);
  return ops;
}

/** The run that took least in all: what disturbed the others is not the step's. */
function fastest(runs: PhaseOp[][]): PhaseOp[] {
  const time = (ops: PhaseOp[]) => ops.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return runs.reduce((best, run) => time(run) < time(best) ? run : best);
}
