/**
 * Whether the disk holds what a run will keep, before it starts.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import { freeBytes, sizeText } from "@/lib/free-space.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { adapterShapes } from "@/lib/models/lora.ts";
import { listCheckpoints, readState } from "@/lib/trainers/checkpoint.ts";
import { RULES } from "@/lib/trainers/optimizer-rules.ts";
import { runToResume } from "@/lib/trainers/run-folder.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";

type SavedSettings = Pick<TrainSettings, "lora" | "optimizer" | "referenceSync">;

/**
 * Bytes of one checkpoint: the policy and what is trained of it with the optimiser's state, all in fp32. The
 * tokenizer and the counters, some megabytes, are left out.
 */
export function checkpointBytes(
  config: DecoderConfig,
  { lora, optimizer, referenceSync }: SavedSettings,
): number {
  const model = elements(tensorShapes(config));
  const adapters = lora ? elements(adapterShapes(config, lora)) : 0;
  const state = RULES[optimizer].slots.length * (lora ? adapters : model);
  return 4 * (model + adapters + state + (referenceSync ? model : 0));
}

/** What a run keeps at the same time. */
export interface KeptCheckpoints {
  /** Bytes of each. */
  each: number;
  /** Newest ones that are kept. */
  newest: number;
  /** Whether the best one is kept beside them, which it is where there is an evaluation. */
  best: boolean;
  /** Those of the run that are on the disk already. */
  there: number;
}

/**
 * Refuses a run whose checkpoints, one of them being written, do not fit.
 *
 * @param folder where they will be, or would be: it need not exist
 * @param free bytes that are free there
 * @throws OperationError with what is needed, what is free and what to do
 */
export function checkDiskSpace(
  folder: string,
  { each, newest, best, there }: KeptCheckpoints,
  free = freeBytes(folder),
): void {
  const count = newest + (best ? 1 : 0) + 1;
  const needed = Math.max(1, count - there) * each;
  if (needed <= free) return;
  const kept = `keep_checkpoints=${newest}${best ? ", the best one" : ""} and one being written`;
  const already = there > 0 ? `; ${there} of them are there` : "";
  throw new OperationError(
    `The disk of ${folder} has ${sizeText(free)} free, and this run's checkpoints need ` +
      `${sizeText(needed)} more (${kept}: ${count} of ${sizeText(each)}${already}); free some, ` +
      `${
        newest > 1 ? "take keep_checkpoints=1, " : ""
      }or name a folder on another disk with local_dirs=[…].`,
  );
}

/**
 * The same for a run that is to be begun or gone on with; one that saves nothing or has finished needs nothing.
 *
 * @param evaluated whether there are held-out examples, so that one checkpoint is the best
 * @throws OperationError as {@link checkDiskSpace}
 */
export function checkRunFits(
  settings: TrainSettings,
  config: DecoderConfig,
  evaluated: boolean,
): void {
  if (settings.debug) return;
  const resumed = runToResume(settings);
  const there = resumed ? listCheckpoints(resumed) : [];
  if (there.length > 0 && readState(there[0]).finished) return;
  checkDiskSpace(resumed ?? settings.localRunDir ?? settings.localDirs[0], {
    each: checkpointBytes(config, settings),
    newest: settings.keepCheckpoints,
    best: evaluated,
    there: there.length,
  });
}

const elements = (shapes: Map<string, number[]>): number =>
  [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
