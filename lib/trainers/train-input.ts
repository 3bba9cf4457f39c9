/**
 * What a run is made of, and how it is followed.
 *
 * @module
 */
import type { ExampleList } from "@/lib/datasets/example-list.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import type { MetricsLine } from "@/lib/trainers/metrics.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { Threads } from "@/lib/trainers/threads.ts";

/** What a run is made of, opened and checked. */
export interface TrainInput {
  settings: TrainSettings;
  /** Where the weights come from: the model, or the archive. */
  source: ModelSource;
  train: ExampleList;
  /** Held-out pairs, tokenised. */
  held: TokenizedPair[];
  precision: Precision;
  threads: Threads | null;
  parallelism: Parallelism;
  layout: LayoutKind;
  runFolder: string;
  checkpoint: string | null;
  /** What the checkpoint, which has been verified, says. */
  state: TrainerState | null;
}

/**
 * What a process does. Of those but `training` nobody can say how long they take: the first step with a new shape is
 * `tracing`.
 */
export type Phase = "loading" | "training" | "tracing" | "evaluating" | "saving";

/** How a run is followed. */
export interface TrainHooks {
  signal: AbortSignal;
  /** Told the run folder, before the first evaluation. */
  onStart: (folder: string) => void;
  onProgress: (done: number, total: number, note?: string) => void;
  onMetrics: (line: MetricsLine) => void;
  onCheckpoint: (folder: string) => void;
  /** After each evaluation, when metrics and checkpoint are on disk. */
  onEvaluation: () => Promise<void>;
  log: (line: string) => void;
  /** Told about a model of the hub that is downloaded first. */
  onDownload?: (done: number, total: number, note?: string) => void;
  /** What begins now, after how many updates. */
  onPhase?: (phase: Phase, updates: number) => void;
}
