/**
 * Rounds of a few steps, our trainer and TRL's in turn, on the same batches.
 *
 * @module
 */
import { join } from "node:path";
import { type Configuration, TRAINING } from "@/lib/bench/configurations.ts";
import { trainOurs } from "@/lib/bench/our-side.ts";
import type { PreferenceRow } from "@/lib/datasets/rows.ts";
import { idsDigest, type OrderedBatch, trainingOrder } from "@/lib/bench/training-order.ts";
import type { SideRun, StepTiming } from "@/lib/bench/training-side.ts";
import { trainTrl } from "@/lib/bench/trl-side.ts";
import { OperationError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** Steps before the measured ones: ours meets most of an epoch's shapes in them, and traces these. */
export const OUR_WARM_UP = 16, TRL_WARM_UP = 1;
/** A step of TRL takes about so many of ours; progress is counted in ours. */
const TRL_WEIGHT = 5;

/** What the rounds of every configuration share. */
export interface BenchContext {
  tokenizer: Tokenizer;
  /** Hugging Face folder of the model. */
  model: string;
  /** TRL's Python. */
  python: string;
  train: PreferenceRow[];
  heldOut: PreferenceRow[];
  /** For this run's files; removed after it. */
  folder: string;
  rounds: number;
  /** Measured steps a round. */
  steps: number;
  threads: number;
  signal: AbortSignal;
  /** Told how much more is done, see {@link roundsWork}. */
  advance: (work: number, note: string) => void;
}

/** One side's measured steps of one round. */
export interface SideRound {
  tokensPerSecond: number;
  /** Mean of a step; undefined where there is no /proc. */
  cpuSecondsPerStep?: number;
  secondsPerStep: number;
  firstStepSeconds: number;
  precomputeSeconds?: number;
  peakBytes?: number;
  firstLoss: number;
}

/** One round: the same batches on both sides. */
export interface Round {
  /** Numbers of the measured batches in the round's order of training. */
  batches: number[];
  ours: SideRound;
  trl: SideRound;
  /** Our tokens per second over TRL's. */
  ratio: number;
}

/** All rounds of one configuration. */
export interface RoundsResult {
  configuration: Configuration;
  rounds: Round[];
  /** Each round's batches in the order of training, which its numbers count. */
  orders: OrderedBatch[][];
  /** Whether both sides made the same token ids of the texts. */
  sameIds: boolean;
}

/** How much work a configuration is, in our steps. */
export const roundsWork = ({ rounds, steps }: Pick<BenchContext, "rounds" | "steps">): number =>
  rounds * (OUR_WARM_UP + steps + TRL_WEIGHT * (TRL_WARM_UP + steps));

/**
 * Measures one configuration.
 * @throws {OperationError} a side failed, or every measured step of ours was slowed by tracing
 */
export async function measureRounds(
  configuration: Configuration,
  context: BenchContext,
): Promise<RoundsResult> {
  const { loss, name } = configuration;
  const folder = join(context.folder, name);
  const count = OUR_WARM_UP + context.steps;
  const data = join(folder, "train.jsonl");
  await writeFileWhole(data, jsonLines(context.train));

  const rounds: Round[] = [], orders: OrderedBatch[][] = [];
  let sameIds = true;
  for (let r = 0; r < context.rounds; r++) {
    // Other batches in each round: how much padding costs TRL differs much from batch to batch.
    const order = await trainingOrder(data, loss, context.tokenizer, r);
    if (order.length < count) {
      throw new OperationError(
        `${name} needs ${count} batches of ${TRAINING.batchSize}, and the data has ${order.length}; lower steps= or give more data.`,
      );
    }
    const forTrl = order.slice(OUR_WARM_UP - TRL_WARM_UP, count);
    const trlData = join(folder, `trl-${r}.jsonl`);
    await writeFileWhole(trlData, jsonLines(forTrl.flatMap(({ rows }) => rows)));
    const request = (side: string, weight: number) => ({
      configuration,
      model: context.model,
      evalData: null,
      save: false,
      out: join(folder, `${r}-${side}`),
      threads: context.threads,
      signal: context.signal,
      onStep: () => context.advance(weight, `${name}: round ${r + 1}/${context.rounds}, ${side}`),
    });
    const sides = {
      ours: () =>
        trainOurs({
          ...request("ours", 1),
          data,
          seed: r,
          examples: order.length * TRAINING.batchSize,
          updates: count,
        }),
      trl: () =>
        trainTrl(context.python, {
          ...request("TRL", TRL_WEIGHT),
          data: trlData,
          examples: forTrl.length * TRAINING.batchSize,
        }),
    };
    // Every second round the other way round: what drifts does not favour one side.
    const runs: Record<string, SideRun> = {};
    for (const side of r % 2 === 0 ? ["ours", "trl"] as const : ["trl", "ours"] as const) {
      runs[side] = await sides[side]();
    }
    const digest = idsDigest(forTrl.flatMap(({ pairs }) => pairs), loss);
    sameIds &&= runs.trl.told.some((told) => told.event === "tokens" && told.digest === digest);
    rounds.push(compareRuns(runs.ours, runs.trl, name));
    orders.push(order);
  }
  return { configuration, rounds, orders, sameIds };
}

/**
 * Compares the steps that both sides made after their warm-up, without those in which ours traced a new shape.
 *
 * @param name the configuration's, for the message
 * @throws {OperationError} none is left
 */
export function compareRuns(ours: SideRun, trl: SideRun, name: string): Round {
  const batches = ours.steps.map((_, i) => i).filter((i) =>
    i >= OUR_WARM_UP && !ours.steps[i].traced
  );
  if (batches.length === 0) {
    throw new OperationError(
      `In every measured step of ${name} our trainer met a new shape; raise steps=.`,
    );
  }
  const mine = sideRound(ours, batches);
  const theirs = sideRound(trl, batches.map((i) => i - OUR_WARM_UP + TRL_WARM_UP));
  return {
    batches,
    ours: mine,
    trl: theirs,
    ratio: mine.tokensPerSecond / theirs.tokensPerSecond,
  };
}

function sideRound(run: SideRun, indices: number[]): SideRound {
  const steps = indices.map((i) => run.steps[i]);
  const sum = (of: (step: StepTiming) => number) => steps.reduce((n, step) => n + of(step), 0);
  const seconds = sum((step) => step.seconds);
  const cpu = steps.every(({ cpuSeconds }) => cpuSeconds !== undefined)
    ? sum(({ cpuSeconds }) => cpuSeconds!) / steps.length
    : undefined;
  return {
    tokensPerSecond: sum((step) => step.tokens) / seconds,
    secondsPerStep: seconds / steps.length,
    cpuSecondsPerStep: cpu,
    firstStepSeconds: run.firstStepSeconds,
    precomputeSeconds: run.precomputeSeconds,
    peakBytes: run.peakBytes,
    firstLoss: run.steps[0].loss,
  };
}

/** Rows as the text of a JSONL file. */
export const jsonLines = (rows: readonly PreferenceRow[]): string =>
  rows.map((row) => JSON.stringify(row) + "\n").join("");
