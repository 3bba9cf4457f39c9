/**
 * How a training step is spread over the cores.
 *
 * @module
 */
import { configure, hasStarted } from "@/lib/tensorflow/mod.ts";

/** Recorded with a run: on CPUs TensorFlow's results depend on how many threads share a sum. */
export interface Threads {
  /** Threads inside one operation. */
  intraOp: number;
  /** Operations that run at once. */
  interOp: number;
}

/**
 * Two operations at once, each on half of the cores: reference and policy, or the two products of a layer's
 * gradient, depend little on each other, and threads that share an operation wait for each other at its end.
 */
const standard = (): Threads => ({
  intraOp: Math.max(1, Math.floor(navigator.hardwareConcurrency / 2)),
  interOp: 2,
});

/**
 * Starts TensorFlow with the threads that a run was recorded with, or the standard ones.
 * @returns what is used; null where TensorFlow had started already, with threads of its own
 */
export function useThreads(recorded: Threads | null): Threads | null {
  if (hasStarted()) return null;
  const threads = recorded ?? standard();
  configure({ intraOpThreads: threads.intraOp, interOpThreads: threads.interOp });
  return threads;
}
