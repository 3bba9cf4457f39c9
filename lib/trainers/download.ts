/**
 * What a run needs of the hub, before its processes begin.
 *
 * @module
 */
import { openDatasets } from "@/lib/datasets/load.ts";
import { fetchModel } from "@/lib/models/source.ts";
import { begunWith, modelToOpen } from "@/lib/trainers/run-folder.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";

type Hooks = Pick<TrainHooks, "signal" | "log" | "onDownload">;

/** Brings the model into the cache. @throws as {@link fetchModel} */
export async function downloadModel(settings: TrainSettings, hooks: Hooks): Promise<void> {
  await fetchModel(modelToOpen(settings), options(hooks));
}

/**
 * Brings model and data into the cache, for workers: they may have no network but their own.
 * @throws as {@link fetchModel} and {@link openDatasets}
 */
export async function downloadForWorkers(settings: TrainSettings, hooks: Hooks): Promise<void> {
  await downloadModel(settings, hooks);
  const begun = begunWith(settings)?.datasets;
  await openDatasets(settings.datasets, { ...options(hooks), db: settings.db, begun });
}

const options = ({ signal, log, onDownload }: Hooks) => ({ signal, log, onProgress: onDownload });
