/**
 * A worker as the supervisor has it, on this machine or on another.
 *
 * @module
 */
import type { Phase } from "@/lib/trainers/train-input.ts";
import type { Command } from "@/lib/trainers/workers/messages.ts";

/** How a worker's process ended. */
export interface Gone {
  signal: string | null;
  code: number;
  /** Said instead, where the process is out of reach. */
  lost?: string;
}

/** One worker. */
export interface WorkerHandle {
  readonly rank: number;
  phase: Phase;
  /** Updates it has made, as far as it told. */
  updates: number;
  /** Whether it told that it is at its end. */
  ended: boolean;
  /** When all that it said has been handled, and its process is gone. */
  readonly gone: Promise<Gone>;
  /** The end of what it said on stderr, with its rank before each line. */
  readonly lastWords: string[];
  send(command: Command): void;
  kill(): void;
}
