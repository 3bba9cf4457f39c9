/**
 * `deno task bench train`: our trainer beside TRL's, on this machine.
 *
 * @module
 */
import { exportedModel } from "@/lib/bench/bench-model.ts";
import { benchCache } from "@/lib/bench/cache.ts";
import { CONFIGURATIONS, EPOCH } from "@/lib/bench/configurations.ts";
import { type EpochResult, epochWork, measureEpoch } from "@/lib/bench/epoch.ts";
import { stepFlops } from "@/lib/bench/flops.ts";
import { describeMachine, type Machine } from "@/lib/bench/machine.ts";
import { measurePeak, type ProductSpeed } from "@/lib/bench/matmul-peak.ts";
import { type BenchPairs, builtInPairs, pairsOfFile } from "@/lib/bench/pairs.ts";
import {
  type BenchContext,
  measureRounds,
  type RoundsResult,
  roundsWork,
} from "@/lib/bench/rounds.ts";
import { ensureTrl } from "@/lib/bench/trl-side.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { openModel } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { readSection } from "@/lib/setup/requirements.ts";
import { version } from "@/lib/tensorflow/mod.ts";

/** What is measured and how often. */
export interface TrainBenchOptions {
  /** Names of configurations; empty: all. */
  only: readonly string[];
  rounds: number;
  steps: number;
  /** JSONL file of pairs; null: the built-in ones. */
  data: string | null;
  signal: AbortSignal;
  onSetup: OnProgress;
  onProgress: OnProgress;
  /** Told each configuration when it is measured. */
  onMeasured: (result: RoundsResult | EpochResult) => void;
  log: (line: string) => void;
}

/** A configuration that could not be measured. */
export interface Failure {
  name: string;
  message: string;
}

/** All that a run of the benchmark found. */
export interface TrainBenchResult {
  machine: Machine;
  versions: Record<string, string>;
  pairs: { source: string; train: number; heldOut: number; leftOut: number };
  rounds: RoundsResult[];
  epoch?: EpochResult;
  failures: Failure[];
  /** Speeds of matrix products, fastest first, in the precisions that were trained in. */
  peaks: Partial<Record<Precision, ProductSpeed[]>>;
  config: DecoderConfig;
  options: Pick<TrainBenchOptions, "only" | "rounds" | "steps" | "data">;
}

/**
 * Measures the configurations one after the other. One that fails is told and left out; the others go on.
 *
 * @throws {InputError} for data that cannot be read
 * @throws {OperationError} when TRL's environment cannot be made
 */
export async function benchTrain(options: TrainBenchOptions): Promise<TrainBenchResult> {
  const { signal, log } = options;
  const python = await ensureTrl(options.onSetup, signal);
  const cache = await benchCache();
  const model = await exportedModel(cache);
  const source = await openModel(model);
  const folder = await Deno.makeTempDir({ dir: cache, prefix: "run-" });
  try {
    const pairs = await (options.data === null
      ? builtInPairs(source.tokenizer)
      : pairsOfFile(options.data, source.tokenizer));
    log(
      `${pairs.train.length} pairs to train on, ${pairs.heldOut.length} to evaluate on, ${pairs.leftOut} left out as too long (${pairs.source})`,
    );
    const wanted = (name: string) =>
      options.only.length === 0 || options.only.includes(name);
    const configurations = CONFIGURATIONS.filter(({ name }) => wanted(name));
    const total = configurations.length * roundsWork(options) +
      (wanted(EPOCH) ? epochWork(pairs.train.length) : 0);
    let done = 0;
    options.onProgress(0, total);
    const context: BenchContext = {
      tokenizer: source.tokenizer,
      model,
      python,
      train: pairs.train,
      heldOut: pairs.heldOut,
      folder,
      rounds: options.rounds,
      steps: options.steps,
      threads: navigator.hardwareConcurrency,
      signal,
      advance: (work, note) => options.onProgress(Math.min(done += work, total - 1), total, note),
    };
    const failures: Failure[] = [];
    const attempt = async <T extends RoundsResult | EpochResult>(
      name: string,
      measure: () => Promise<T>,
    ): Promise<T[]> => {
      try {
        const result = await measure();
        options.onMeasured(result);
        return [result];
      } catch (error) {
        signal.throwIfAborted();
        const { message } = error as Error;
        log(`${name} could not be measured: ${message}`);
        failures.push({ name, message: message.split("\n").at(-1)! });
        return [];
      }
    };
    const rounds: RoundsResult[] = [];
    for (const configuration of configurations) {
      rounds.push(
        ...await attempt(configuration.name, () => measureRounds(configuration, context)),
      );
    }
    const [epoch] = wanted(EPOCH) ? await attempt(EPOCH, () => measureEpoch(context)) : [];
    options.onProgress(total, total);
    return {
      machine: describeMachine(),
      versions: await versions(),
      pairs: counts(pairs),
      rounds,
      epoch,
      failures,
      peaks: await peaksFor(rounds, log),
      config: source.config,
      options: {
        only: options.only,
        rounds: options.rounds,
        steps: options.steps,
        data: options.data,
      },
    };
  } finally {
    source.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Share of the peak that our steps' products reached in each round. */
export function peakShares(
  { configuration, rounds, orders }: RoundsResult,
  { peaks, config }: Pick<TrainBenchResult, "peaks" | "config">,
): number[] {
  const peak = peaks[configuration.precision]![0].teraflops * 1e12;
  const kind = {
    loss: configuration.loss,
    liveReference: !configuration.precomputeReference,
    lora: configuration.lora,
  };
  return rounds.map(({ batches, ours }, r) => {
    const flops = batches.reduce((sum, i) => sum + stepFlops(config, orders[r][i].pairs, kind), 0);
    return flops / (ours.secondsPerStep * batches.length) / peak;
  });
}

async function peaksFor(results: RoundsResult[], log: (line: string) => void) {
  const precisions = new Set(results.map(({ configuration }) => configuration.precision));
  const peaks: TrainBenchResult["peaks"] = {};
  for (const precision of precisions) {
    const speeds = await measurePeak(precision);
    peaks[precision] = speeds;
    log(`${precision} matrix products: up to ${speeds[0].teraflops.toFixed(2)} TFLOP/s`);
  }
  return peaks;
}

const counts = ({ source, train, heldOut, leftOut }: BenchPairs) => ({
  source,
  train: train.length,
  heldOut: heldOut.length,
  leftOut,
});

/** Versions of everything that the numbers depend on. */
async function versions(): Promise<Record<string, string>> {
  const theirs = (await readSection("bench")).requirements.map((line) => line.split("=="));
  return {
    deno: Deno.version.deno,
    tensorflow: version(),
    ...Object.fromEntries(
      theirs.filter(([name]) =>
        ["trl", "torch", "transformers", "accelerate", "peft"].includes(name)
      ),
    ),
  };
}
