/**
 * The steps of publishing, as whoever waits is told of them.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";

/** Who is told, and who may stop it. */
export interface StepOptions {
  /** Told which step begins. */
  onStep?: OnProgress;
  /** Stops between two steps, and between two parts of a long one. */
  signal?: AbortSignal;
}

const STEPS = [
  "counting votes",
  "looking through the texts",
  "writing the tables",
  "writing the card",
] as const;
export type Step = typeof STEPS[number];

/**
 * Says that a step begins; `done` that the last one has ended.
 * @throws the signal's reason where it was aborted
 */
export function beginStep({ onStep, signal }: StepOptions, step: Step | "done"): void {
  signal?.throwIfAborted();
  if (step === "done") onStep?.(STEPS.length, STEPS.length);
  else onStep?.(STEPS.indexOf(step), STEPS.length, step);
}
