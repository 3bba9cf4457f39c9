/**
 * A whole epoch of DPO by each side, from the start of the command to the saved checkpoint, and what our trainer
 * reaches when all batches have one shape.
 *
 * @module
 */
import { join } from "node:path";
import { type Configuration, CONFIGURATIONS, EPOCH, TRAINING } from "@/lib/bench/configurations.ts";
import { trainOurs } from "@/lib/bench/our-side.ts";
import { type BenchContext, jsonLines } from "@/lib/bench/rounds.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { tokensOf, trainingOrder } from "@/lib/bench/training-order.ts";
import type { SideRun } from "@/lib/bench/training-side.ts";
import { trainTrl } from "@/lib/bench/trl-side.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** One side's epoch. */
export interface SideEpoch {
  /** From the start of the command to its end, checkpoint and evaluations included. */
  wallSeconds: number;
  firstStepSeconds: number;
  cpuSeconds?: number;
  peakBytes?: number;
}

/** What the epoch told. */
export interface EpochResult {
  examples: number;
  heldOut: number;
  ours: SideEpoch;
  trl: SideEpoch;
  /** TRL's wall time over ours. */
  ratio: number;
  /** Our tokens per second over the epoch's steps that traced nothing. */
  steadyTokensPerSecond: number;
  /** How many steps of ours traced a new shape. */
  tracedSteps: number;
  /** Our tokens per second on one batch, again and again. */
  singleShapeTokensPerSecond: number;
}

const SINGLE_SHAPE_STEPS = 12;
const CONFIGURATION: Configuration = CONFIGURATIONS[0];
const TRL_WEIGHT = 5;

/** How much work the epoch is, in our steps. */
export const epochWork = (trainPairs: number): number =>
  Math.floor(trainPairs / TRAINING.batchSize) * (1 + TRL_WEIGHT) + SINGLE_SHAPE_STEPS;

/**
 * Measures the epoch, ours first.
 * @throws {OperationError} a side failed
 */
export async function measureEpoch(context: BenchContext): Promise<EpochResult> {
  const folder = join(context.folder, EPOCH), dataset = join(folder, "dataset");
  await writeFileWhole(join(dataset, "train.jsonl"), jsonLines(context.train));
  const evaluated = context.heldOut.length > 0;
  const heldOut = join(dataset, "test.jsonl");
  if (evaluated) await writeFileWhole(heldOut, jsonLines(context.heldOut));
  const order = await trainingOrder(dataset, CONFIGURATION.loss, context.tokenizer);
  const trlData = join(folder, "trl.jsonl");
  await writeFileWhole(trlData, jsonLines(order.flatMap(({ rows }) => rows)));
  const examples = order.length * TRAINING.batchSize;

  const request = (side: string, weight: number) => ({
    configuration: CONFIGURATION,
    model: context.model,
    examples,
    evalData: evaluated ? heldOut : null,
    save: true,
    out: join(folder, side),
    threads: context.threads,
    signal: context.signal,
    onStep: () => context.advance(weight, `${EPOCH}: ${side}`),
  });
  const ours = await trainOurs({ ...request("ours", 1), data: dataset });
  const trl = await trainTrl(context.python, { ...request("TRL", TRL_WEIGHT), data: trlData });

  const bySize = [...order].sort((a, b) => tokensOf(a.pairs, "dpo") - tokensOf(b.pairs, "dpo"));
  const one = join(folder, "one.jsonl");
  await writeFileWhole(one, jsonLines(bySize[bySize.length >> 1].rows));
  const single = await trainOurs({
    ...request("one shape", 1),
    data: one,
    evalData: null,
    examples: SINGLE_SHAPE_STEPS * TRAINING.batchSize,
    save: false,
  });
  return {
    examples,
    heldOut: context.heldOut.length,
    ours: sideEpoch(ours),
    trl: sideEpoch(trl),
    ratio: trl.wallSeconds / ours.wallSeconds,
    steadyTokensPerSecond: untracedSpeed(ours),
    tracedSteps: ours.steps.filter(({ traced }) => traced).length,
    singleShapeTokensPerSecond: spread(
      single.steps.filter(({ traced }) => !traced).map(({ tokens, seconds }) => tokens / seconds),
    ).median,
  };
}

/** Tokens per second over the steps that traced nothing. */
function untracedSpeed({ steps }: SideRun): number {
  const steady = steps.filter(({ traced }) => !traced);
  return steady.reduce((n, { tokens }) => n + tokens, 0) /
    steady.reduce((n, { seconds }) => n + seconds, 0);
}

const sideEpoch = (
  { wallSeconds, firstStepSeconds, cpuSeconds, peakBytes }: SideRun,
): SideEpoch => ({
  wallSeconds,
  firstStepSeconds,
  cpuSeconds,
  peakBytes,
});
