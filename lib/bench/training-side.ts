/**
 * What is asked of each of the two trainers, and what it tells.
 *
 * @module
 */
import type { Configuration } from "@/lib/bench/configurations.ts";
import type { Measured, MeasuredLine } from "@/lib/bench/measured-process.ts";

/** One run of one side. */
export interface TrainingRequest {
  configuration: Configuration;
  /** Hugging Face folder of the model. */
  model: string;
  /** Ours: a dataset (file or folder); TRL's: a JSONL file in the order of training. */
  data: string;
  /** TRL's: JSONL file to evaluate on at both ends; null: no evaluation. Ours reads the folder's test split. */
  evalData: string | null;
  /** Examples to train on; ours plans its shapes for them. */
  examples: number;
  /** Ours: seed of the data's order; 0 when not given. */
  seed?: number;
  /** Ours: ends after so many updates, where given. */
  updates?: number;
  /** Whether a checkpoint is saved at the end. */
  save: boolean;
  /** A folder of the run's own. */
  out: string;
  /** Threads of the CPU. */
  threads: number;
  signal: AbortSignal;
  /** Told after each step. */
  onStep: () => void;
}

/** One update. */
export interface StepTiming {
  /** From the end of the last step: data, reference, optimiser and logging included. */
  seconds: number;
  /** Tokens other than padding, prompts counted for chosen and rejected. */
  tokens: number;
  /** User and system time of the process tree; undefined where there is no /proc. */
  cpuSeconds?: number;
  loss: number;
  /** Ours: whether a function was traced for a new shape. */
  traced: boolean;
}

/** One run of one side. */
export interface SideRun {
  steps: StepTiming[];
  /** From the start of the command to the end of its first step. */
  firstStepSeconds: number;
  /** Seconds a pair that the reference's log-probs took beforehand, where the side tells. */
  precomputeSeconds?: number;
  /** Other things that the side told. */
  told: Record<string, unknown>[];
  wallSeconds: number;
  cpuSeconds?: number;
  peakBytes?: number;
}

/** Puts a run together from its step lines. */
export function sideRun(
  measured: Measured,
  stepLines: MeasuredLine[],
  timing: (line: MeasuredLine, before: MeasuredLine | undefined) => Omit<StepTiming, "cpuSeconds">,
): SideRun {
  const steps = stepLines.map((line, i): StepTiming => {
    const before = stepLines[i - 1];
    const cpuSeconds = line.cpuSeconds !== undefined && before?.cpuSeconds !== undefined
      ? line.cpuSeconds - before.cpuSeconds
      : undefined;
    return { ...timing(line, before), cpuSeconds };
  });
  return {
    steps,
    firstStepSeconds: stepLines[0]?.seconds ?? NaN,
    told: measured.lines.filter((line) => !stepLines.includes(line)).map(({ value }) => value),
    wallSeconds: measured.wallSeconds,
    cpuSeconds: measured.usage?.cpuSeconds,
    peakBytes: measured.usage?.peakBytes,
  };
}
