/**
 * Why workers ended before the run did.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { Report } from "@/lib/trainers/workers/messages.ts";
import type { WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";

/** What became of one worker. */
export interface Failure {
  worker: WorkerHandle;
  what: string;
  updates: number;
  /** What it said itself. */
  error?: Extract<Report, { type: "failed" }>;
}

/** Errors with a sentence for the person, by name. */
const TOLD = { InputError, OperationError };

/**
 * The failure that the others follow from: that somebody went without a word, or what is no fault of TensorFlow's,
 * which reports with an error that others have gone.
 */
export function rootOf(failures: readonly Failure[]): Failure {
  return failures.find(({ error }) => error && error.name in TOLD) ??
    failures.find(({ error }) => !error) ??
    failures.find(({ error }) => error!.name !== "TensorflowError") ??
    failures[0];
}

/** Whether the same would not happen again: a process was killed, hung, or lost the others. */
export const isPassing = ({ error }: Failure): boolean =>
  !error || error.name === "TensorflowError";

/** What is said of a failure that passes: rank, step and cause. */
export const sentenceOf = ({ worker, what, updates, error }: Failure): string =>
  `worker ${worker.rank} ${what} after update ${updates}` +
  (error ? `: ${error.message.split("\n")[0]}` : "");

/** The error that the run ends with. */
export function errorOf(failure: Failure): Error {
  const { worker, error } = failure;
  if (!error) return new OperationError(sentenceOf(failure));
  if (error.name in TOLD) return errorNamed(error.name, error.message);
  const unexpected = new Error(error.message);
  unexpected.stack = `worker ${worker.rank}: ${error.stack}`;
  return unexpected;
}

/** An error of this name, for the person; another name is an operation that failed. */
export const errorNamed = (name: string, message: string): Error =>
  new (TOLD[name as keyof typeof TOLD] ?? OperationError)(message);
