/**
 * What a training run is told, in the words of the command line.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type BatchOptions, examplesPerEpoch } from "@/lib/datasets/batches.ts";
import type { ExampleList } from "@/lib/datasets/example-list.ts";
import type { PromptFormat } from "@/lib/datasets/tokenize.ts";
import type { LossSettings } from "@/lib/losses/mod.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import type { LoraSettings } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import type { ReferenceSync } from "@/lib/trainers/moving-reference.ts";
import type { Schedule } from "@/lib/trainers/schedule.ts";

/** How a run is spread over devices. */
export const TRAINERS = ["BasicTrainer", "FSDPTrainer", "TensorParallelTrainer"] as const;
export type TrainerName = typeof TRAINERS[number];

/** One training run. Lengths are in tokens; `every` and `nExamples` count examples. */
export interface TrainSettings extends Schedule {
  expName: string;
  seed: number;
  model: string;
  /** Checkpoint that the policy and the reference start from, instead of the model itself. */
  archive: string | null;
  /** What the model's architecture has to be, where the command says. */
  architecture: string | null;
  precision: Precision | "auto";
  /** What the reference would be computed in elsewhere; here it is computed as the policy is. */
  referenceDtype: "float32" | "bfloat16" | "float16" | null;
  layout: LayoutKind | "auto";
  datasets: string[];
  db: string;
  testFraction: number;
  promptFormat: PromptFormat;
  maxLength: number;
  maxPromptLength: number;
  maxTruncatedFraction: number;
  loss: LossSettings;
  /** Adapters to train instead of the model's own weights. */
  lora: LoraSettings | null;
  batchSize: number;
  evalBatchSize: number;
  gradientAccumulationSteps: number;
  nEpochs: number | null;
  nExamples: number | null;
  nEvalExamples: number;
  evalEvery: number;
  doFirstEval: boolean;
  /** Whether policy and reference write samples at evaluations, and to how many prompts. */
  sampleDuringEval: boolean;
  nEvalModelSamples: number;
  saveEvery: number | null;
  saveEveryMinutes: number;
  keepCheckpoints: number;
  optimizer: OptimizerName;
  maxGradNorm: number;
  minimumLogIntervalSecs: number;
  /** Whether the reference's log-probs are computed before training; auto: where data are seen more than once. */
  precomputeReference: "auto" | boolean;
  /** Folder that keeps them; the project's where it is not named. */
  referenceCache: string | null;
  /** How the reference follows the policy; null where it stays. */
  referenceSync: ReferenceSync | null;
  /** Whether activations are computed again for the gradient instead of being kept. */
  activationCheckpointing: boolean;
  trainer: TrainerName;
  /** How many devices layers, or workers, are divided among; null: all GPUs, else one. */
  devices: number | null;
  /**
   * First of the ports at which workers listen for each other, after that of the supervisor where there are several
   * machines; null: ports that are free.
   */
  fsdpPort: number | null;
  /** Machines that train together, each with so many `devices`, and which of them this one is. */
  nnodes: number;
  nodeRank: number;
  /** Where the first of several machines is reached. */
  masterAddr: string | null;
  /** Whether nobody else reaches the workers' ports, as the user says. */
  trustNetwork: boolean;
  /** Seconds of silence of all workers after which they are started again. */
  hangTimeout: number;
  /** How often workers are started again before the run is given up. */
  maxRestarts: number;
  /** Folders in which runs are made; the first takes new ones. */
  localDirs: string[];
  /** The run's folder itself, where it is not to be named by `expName` and the time. */
  localRunDir: string | null;
  resume: boolean;
  /** Nothing is saved. */
  debug: boolean;
  /** Where in Weights & Biases an offline run belongs; null: none is written. */
  wandb: { entity: string | null; project: string } | null;
}

/** How many processes train. */
export const workersOf = ({ trainer, devices, nnodes }: TrainSettings): number =>
  trainer === "BasicTrainer" ? 1 : (devices ?? 1) * nnodes;

/** How many processes a batch is divided among. */
export const batchSharesOf = (settings: TrainSettings): number =>
  settings.trainer === "FSDPTrainer" ? workersOf(settings) : 1;

/** Settings that change nothing about the numbers a run produces. */
const WITHOUT_EFFECT: readonly (keyof TrainSettings)[] = [
  "architecture",
  "referenceDtype",
  "referenceCache",
  "trainer",
  "devices",
  "fsdpPort",
  "nnodes",
  "nodeRank",
  "masterAddr",
  "trustNetwork",
  "hangTimeout",
  "maxRestarts",
  "sampleDuringEval",
  "nEvalModelSamples",
  "saveEvery",
  "saveEveryMinutes",
  "keepCheckpoints",
  "minimumLogIntervalSecs",
  "localDirs",
  "localRunDir",
  "resume",
  "debug",
  "wandb",
];

/** The settings on which a run's numbers depend. */
export function effectiveSettings(settings: TrainSettings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).filter(([key]) =>
      !WITHOUT_EFFECT.includes(key as keyof TrainSettings)
    ),
  );
}

/** Digest of {@link effectiveSettings}: an interrupted run goes on only under the settings it began with. */
export const settingsHash = (settings: TrainSettings): string =>
  createHash("sha256").update(JSON.stringify(effectiveSettings(settings))).digest("hex");

/** How training batches are drawn. */
export const batchOptions = (settings: TrainSettings): BatchOptions => ({
  batchSize: settings.batchSize,
  maxLength: settings.maxLength,
  maxPromptLength: settings.maxPromptLength,
  promptFormat: settings.promptFormat,
  seed: settings.seed,
  sftMode: settings.loss.name === "sft",
  nEpochs: settings.nEpochs ?? undefined,
  nExamples: settings.nExamples ?? undefined,
});

/** How many examples a run reads in all. */
export function totalExamples(settings: TrainSettings, train: ExampleList): number {
  const epoch = examplesPerEpoch(train, batchOptions(settings));
  return Math.min(
    settings.nEpochs === null ? Infinity : settings.nEpochs * epoch,
    settings.nExamples ?? Infinity,
  );
}

/** Shared prompts save the most; SFT has no pairs to share one. */
export function chooseLayout({ layout, loss }: TrainSettings): LayoutKind {
  if (loss.name === "sft") return layout === "padded" ? "padded" : "packed";
  return layout === "auto" ? "shared-prompt" : layout;
}
