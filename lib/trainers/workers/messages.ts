/**
 * What a supervisor and its workers tell each other: one line of JSON each, on the workers' stdin and stdout.
 *
 * @module
 */
import type { Decisions } from "@/lib/trainers/decide.ts";
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import type { MetricsLine } from "@/lib/trainers/metrics.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { Phase } from "@/lib/trainers/train-input.ts";

/** What a worker is started for. */
export interface Job {
  rank: number;
  world: number;
  settings: TrainSettings;
  /** Where each worker's server listens, by rank, where that is settled; else the first worker looks for ports. */
  addresses: string[] | null;
  /** Whether the worker has a network of its own, which is down yet. */
  freshNetwork: boolean;
  /** Whether data and model are described; not when workers are started again. */
  describes: boolean;
  /** What the first worker decided; null for the first worker itself. */
  decisions: Decisions | null;
}

/** From the supervisor. */
export type Command =
  | { type: "job"; job: Job }
  /** To the first worker: where to train, and what to go on from. */
  | { type: "folder"; path: string; checkpoint: string | null }
  /** Save and end. */
  | { type: "stop" }
  /** Answer. */
  | { type: "ping" };

/** From a worker; all but the first one tell of phases and their end only. */
export type Report =
  /** Model and data can be trained with; asks for the folder. */
  | { type: "prepared" }
  | { type: "decided"; decisions: Decisions }
  | { type: "phase"; phase: Phase; updates: number }
  | { type: "pong" }
  | { type: "log"; line: string }
  | { type: "progress"; done: number; total: number; note?: string }
  | { type: "metrics"; line: MetricsLine }
  | { type: "checkpoint"; folder: string }
  | { type: "evaluation" }
  | { type: "finished"; state: TrainerState }
  /** Ended by `stop`, with everything saved. */
  | { type: "interrupted" }
  | { type: "failed"; name: string; message: string; stack: string };
