/**
 * Training in a process of its own. That of a killed quickstart ends when it next writes its metrics to nobody;
 * until then the next quickstart waits for it.
 *
 * @module
 */
import { isTraining } from "@/lib/evaluation/run-state.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { runTaskProcess, type Settings } from "@/lib/quickstart/task-process.ts";

export interface TrainProcessOptions {
  signal: AbortSignal;
  /** Shows how long a training that is running already has been waited for. */
  onWait: OnProgress;
}

/**
 * Runs `deno task train` with these settings in the run folder `folder`, going on from its last checkpoint.
 *
 * @throws as {@link runTaskProcess}
 */
export async function runTraining(
  settings: Settings,
  folder: string,
  { signal, onWait }: TrainProcessOptions,
): Promise<void> {
  signal.throwIfAborted();
  await waitForEarlier(folder, signal, onWait);

  await runTaskProcess("train", { ...settings, local_run_dir: folder, resume: "latest" }, signal);
}

/** A training that is still running holds the lock of its folder. */
async function waitForEarlier(
  folder: string,
  signal: AbortSignal,
  onWait: OnProgress,
): Promise<void> {
  for (let seconds = 0; await isTraining(folder); seconds++) {
    signal.throwIfAborted();
    onWait(seconds, 0, "seconds for the training of an earlier quickstart");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
