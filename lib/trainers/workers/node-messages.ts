/**
 * What the supervisor, on the first of several machines, and the other machines' nodes tell each other: one line of
 * JSON each.
 *
 * @module
 */
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import type { Command, Job, Report } from "@/lib/trainers/workers/messages.ts";
import type { Gone } from "@/lib/trainers/workers/worker-handle.ts";

/** How a run ended, for those who cannot see it. */
export type RunEnd =
  | { how: "finished"; state: TrainerState; folder: string }
  | { how: "interrupted" }
  | { how: "failed"; name: string; message: string };

/** From the supervisor. */
export type ToNode =
  /** The node may not take part. */
  | { type: "refused"; reason: string }
  | { type: "start"; job: Job }
  | { type: "command"; rank: number; command: Command }
  | { type: "kill"; rank: number }
  | { type: "end"; end: RunEnd };

/** From a node. */
export type FromNode =
  /** @param host where the node's workers are reached; `settings` have to be the supervisor's */
  | { type: "join"; node: number; host: string; settings: Record<string, unknown> }
  | { type: "report"; rank: number; report: Report }
  | { type: "gone"; rank: number; gone: Gone; lastWords: string[] }
  /** Someone wants the run to save and end. */
  | { type: "stop" };
