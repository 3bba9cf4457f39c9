/**
 * How a training step is spread over the cores.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type Cluster, configure, devices, hasStarted } from "@/lib/tensorflow/mod.ts";

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
const standard = (processes: number): Threads => ({
  intraOp: Math.max(1, Math.floor(navigator.hardwareConcurrency / processes / 2)),
  interOp: 2,
});

/** Among whom the threads are divided. */
export interface Sharers {
  /** Logical devices of this process; 1 when left out. */
  cpuDevices?: number;
  /** Processes on this machine; 1 when left out. */
  processes?: number;
  /** The processes that compute with this one. */
  cluster?: Cluster | null;
}

/**
 * Starts TensorFlow with the threads that a run was recorded with, or the standard ones.
 * @returns what is used; null where TensorFlow had started already, with threads of its own
 */
export function useThreads(
  recorded: Threads | null,
  { cpuDevices = 1, processes = 1, cluster }: Sharers = {},
): Threads | null {
  if (hasStarted()) return null;
  const threads = recorded ?? standard(processes);
  configure({
    intraOpThreads: threads.intraOp,
    interOpThreads: threads.interOp,
    cpuDevices,
    ...cluster ? { cluster } : {},
  });
  return threads;
}

/**
 * The devices to compute on: so many GPUs, or logical CPU devices where there is no GPU.
 *
 * @param wanted null: all GPUs, else one CPU
 * @param layers of the model, of which each device takes some
 * @throws InputError when there are fewer, or more than layers
 */
export function computeDevices(wanted: number | null, layers: number): string[] {
  const count = (type: string) => devices().filter((device) => device.type === type).length;
  const gpus = count("GPU"), type = gpus > 0 ? "GPU" : "CPU";
  const found = gpus || count("CPU"), asked = wanted ?? (gpus || 1);
  if (asked > found) {
    throw new InputError(
      `devices=${asked} is more than the ${found} ${type} devices that there are.`,
    );
  }
  if (asked > layers) {
    throw new InputError(
      `devices=${asked} is more than the ${layers} layers that are divided among them.`,
    );
  }
  return Array.from({ length: asked }, (_, i) => `${type}:${i}`);
}
