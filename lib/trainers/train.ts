/**
 * A training run from its settings.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type TrainerState, verifyCheckpoint } from "@/lib/trainers/checkpoint.ts";
import { decide } from "@/lib/trainers/decide.ts";
import { downloadForWorkers, downloadModel } from "@/lib/trainers/download.ts";
import { ALONE, layersInOrder } from "@/lib/trainers/parallelism.ts";
import { prepare } from "@/lib/trainers/prepare.ts";
import { openRunFolder } from "@/lib/trainers/run-folder.ts";
import { batchSharesOf, type TrainSettings } from "@/lib/trainers/settings.ts";
import { computeDevices, useThreads } from "@/lib/trainers/threads.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";
import { Trainer } from "@/lib/trainers/trainer.ts";
import { withDevices } from "@/lib/trainers/workers/gpus.ts";
import { supervise } from "@/lib/trainers/workers/supervisor.ts";

/** How a run ended. */
export interface TrainResult extends TrainerState {
  folder: string;
  /** The newest checkpoint's policy. */
  policy: string | null;
}

/**
 * Trains, or goes on with an interrupted run: in this process, or in workers that this one supervises.
 *
 * @throws InputError for data, models or settings that cannot be trained with
 */
export async function train(asked: TrainSettings, hooks: TrainHooks): Promise<TrainResult> {
  const inWorkers = asked.trainer !== "BasicTrainer";
  const settings = inWorkers ? withDevices(asked) : asked;
  checkBatches(settings);
  await (inWorkers ? downloadForWorkers : downloadModel)(settings, hooks);
  const { state, folder } = await (inWorkers ? supervise : trainHere)(settings, hooks);
  return { ...state, folder, policy: settings.debug ? null : `${folder}/LATEST/policy` };
}

/** All in this process, its layers on one device or in order on several. */
async function trainHere(
  settings: TrainSettings,
  hooks: TrainHooks,
): Promise<{ state: TrainerState; folder: string }> {
  const { signal, log, onDownload } = hooks;
  const prepared = await prepare(settings, log, { signal, log, onProgress: onDownload });
  const { source } = prepared;
  try {
    const run = openRunFolder(settings);
    try {
      const { path, checkpoint } = run;
      const state = checkpoint ? await verifyCheckpoint(checkpoint) : null;
      const threads = useThreads(state?.threads ?? null, { cpuDevices: settings.devices ?? 1 });
      const layers = source.config.num_hidden_layers;
      const devices = computeDevices(settings.devices, layers);
      const found = { path, checkpoint, state, addresses: null, threads };
      const decisions = await decide(settings, prepared, found, hooks.log);
      hooks.onStart(path);
      const parallelism = devices.length > 1 ? layersInOrder(devices, layers) : ALONE;
      const trainer = new Trainer({ ...prepared, ...decisions, settings, parallelism }, hooks);
      return { state: await trainer.run(), folder: path };
    } finally {
      run.release();
    }
  } finally {
    source.close();
  }
}

function checkBatches(settings: TrainSettings): void {
  const { batchSize, gradientAccumulationSteps: parts } = settings;
  const workers = batchSharesOf(settings);
  if (batchSize % (parts * workers) === 0) return;
  throw new InputError(
    `batch_size=${batchSize} has to be a multiple of gradient_accumulation_steps=${parts}` +
      (workers > 1 ? ` times the ${workers} ${settings.nnodes > 1 ? "workers" : "devices"}.` : "."),
  );
}
