/**
 * A run in workers: processes that train together, each with a device. The supervisor holds no tensors. It has the
 * run folder, shows what the first worker tells, and starts all again from the last checkpoint when one is lost.
 *
 * @module
 */
import { basename } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { listCheckpoints, type TrainerState } from "@/lib/trainers/checkpoint.ts";
import { openRunFolder, type RunFolder } from "@/lib/trainers/run-folder.ts";
import { type TrainSettings, workersOf } from "@/lib/trainers/settings.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";
import { Attempt } from "@/lib/trainers/workers/attempt.ts";
import { errorOf, isPassing, sentenceOf } from "@/lib/trainers/workers/failure.ts";
import { visibleGpus, workerEnvironment } from "@/lib/trainers/workers/gpus.ts";
import { workersNetwork } from "@/lib/trainers/workers/network.ts";
import type { RunEnd } from "@/lib/trainers/workers/node-messages.ts";
import { Nodes } from "@/lib/trainers/workers/nodes.ts";

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
  if (settings.nnodes === 1) return await superviseWith(settings, hooks, null);
  const nodes = new Nodes(settings, hooks.log);
  let end: RunEnd = { how: "interrupted" };
  try {
    const signal = AbortSignal.any([hooks.signal, nodes.stopped]);
    const finished = await superviseWith(settings, { ...hooks, signal }, nodes);
    end = { how: "finished", ...finished };
    return finished;
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "AbortError") end = { how: "failed", name, message };
    throw error;
  } finally {
    await nodes.end(end);
  }
}

async function superviseWith(
  settings: TrainSettings,
  hooks: TrainHooks,
  nodes: Nodes | null,
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
  const env = (rank: number) => workerEnvironment(gpus, rank, settings);
  try {
    for (;;) {
      await nodes?.ready(hooks.signal);
      const crew = { settings, world, network, nodes, env, folder, describes: restarts === 0 };
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
