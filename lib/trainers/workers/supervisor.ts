/**
 * A run in workers: processes that train together, each with a device. The supervisor holds no tensors. It has the
 * run folder, shows what the first worker tells, and starts all again from the last checkpoint when one is lost.
 *
 * @module
 */
import { basename } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { listCheckpoints, type TrainerState } from "@/lib/trainers/checkpoint.ts";
import { openRunFolder, type RunFolder } from "@/lib/trainers/run-folder.ts";
import { type TrainSettings, workersOf } from "@/lib/trainers/settings.ts";
import type { TrainHooks } from "@/lib/trainers/trainer.ts";
import { Attempt } from "@/lib/trainers/workers/attempt.ts";
import { errorOf, isPassing, sentenceOf } from "@/lib/trainers/workers/failure.ts";
import { visibleGpus } from "@/lib/trainers/workers/gpus.ts";
import { workersNetwork } from "@/lib/trainers/workers/network.ts";

/** `devices` as a number: as many as there are GPUs, else one, where nobody said. */
export function withDevices(settings: TrainSettings): TrainSettings {
  const gpus = visibleGpus().length, devices = settings.devices ?? Math.max(1, gpus);
  if (gpus > 0 && devices > gpus) {
    throw new InputError(`devices=${devices} is more than the ${gpus} GPUs that there are.`);
  }
  return { ...settings, devices };
}

/**
 * Trains in workers to the end, or until the signal.
 *
 * @param settings with `devices`
 * @throws InputError as {@link train}, and where nothing keeps others from the workers' ports
 * @throws OperationError when workers were lost more often than `maxRestarts`
 */
export async function supervise(
  settings: TrainSettings,
  hooks: TrainHooks,
): Promise<{ state: TrainerState; folder: string }> {
  const world = workersOf(settings), gpus = visibleGpus();
  const network = await workersNetwork(world, settings.trustNetwork);
  let run: RunFolder | undefined, restarts = 0;
  const folder = () => {
    if (run) return { path: run.path, checkpoint: listCheckpoints(run.path)[0] ?? null };
    run = openRunFolder(settings);
    hooks.onStart(run.path);
    return run;
  };
  const env = (rank: number): Record<string, string> =>
    gpus.length > 0 ? { CUDA_VISIBLE_DEVICES: gpus[rank] } : {};
  try {
    for (;;) {
      const crew = { settings, world, network, env, folder, describes: restarts === 0 };
      const outcome = await new Attempt(crew, hooks).run();
      hooks.signal.throwIfAborted();
      if (outcome.type === "finished") return { state: outcome.state, folder: run!.path };
      if (outcome.type === "interrupted") throw new Error("workers stopped by themselves");
      const { failure } = outcome;
      if (!isPassing(failure) || !run) throw errorOf(failure);
      failure.worker.lastWords.forEach(hooks.log);
      if (restarts === settings.maxRestarts) {
        throw new OperationError(
          `Training stopped: ${
            sentenceOf(failure)
          }; workers had been started again ${restarts} times ` +
            `(max_restarts=). The same command with resume=latest goes on from what is saved.`,
        );
      }
      restarts++;
      const [last] = listCheckpoints(run.path);
      hooks.log(
        `${sentenceOf(failure)}; all workers start again from ${
          last ? basename(last) : "the beginning"
        } (${restarts} of max_restarts=${settings.maxRestarts})`,
      );
    }
  } finally {
    run?.release();
  }
}
