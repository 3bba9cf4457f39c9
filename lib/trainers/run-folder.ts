/**
 * Run folders: where they are made, which one an interrupted run goes on in, and that one process has it.
 *
 * @module
 */
import { join } from "node:path";
import type { DatasetSource } from "@/lib/datasets/load.ts";
import { InputError, OperationError } from "@/lib/errors.ts";
import { atRevision } from "@/lib/models/hub-name.ts";
import { listCheckpoints } from "@/lib/trainers/checkpoint.ts";
import { effectiveSettings, settingsHash, type TrainSettings } from "@/lib/trainers/settings.ts";
import type { Threads } from "@/lib/trainers/threads.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** A model that a run began with. */
interface UsedModel {
  name: string;
  path: string;
  digest: string;
  /** The commit, of a model of the hub. */
  revision?: string;
}

/** What `config.json` says of a run beside its settings. */
export interface RunConfig {
  exp_name: string;
  settings: Record<string, unknown>;
  settings_hash: string;
  model: UsedModel;
  reference: UsedModel | null;
  datasets: DatasetSource[];
  /** How many examples the run reads in all. */
  total_examples: number;
  precision: string;
  /** Threads of TensorFlow; null where they were set by somebody else. */
  threads: Threads | null;
  layout: string;
  versions: Record<string, string>;
}

/** A run folder that this process has to itself. */
export interface RunFolder {
  path: string;
  /** Newest checkpoint to go on from. */
  checkpoint: string | null;
  release(): void;
}

/**
 * The folder to train in: a new one, or, with `resume`, that of the newest run of this name.
 *
 * @throws InputError when the run to go on with was begun under other settings
 * @throws OperationError when another process trains in the folder
 */
export function openRunFolder(settings: TrainSettings): RunFolder {
  const found = runToResume(settings);
  const path = found ?? settings.localRunDir ?? newFolder(settings);
  if (found) checkSettings(path, settings);
  Deno.mkdirSync(path, { recursive: true });
  const lock = lockFolder(path);
  const release = () => lock.close();
  const [checkpoint = null] = listCheckpoints(path);
  if (checkpoint && !settings.resume) {
    release();
    throw new InputError(
      `${path} holds a run already; go on with it by resume=latest, or name another folder with local_run_dir=.`,
    );
  }
  return { path, checkpoint, release };
}

/** A folder named after the moment; a run that begins in the same second as another is given the next one. */
function newFolder({ localDirs: [parent], expName }: TrainSettings): string {
  Deno.mkdirSync(parent, { recursive: true });
  for (let time = Date.now();; time += 1000) {
    const path = join(parent, `${expName}_${timeStamp(time)}`);
    try {
      Deno.mkdirSync(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** 2026-11-23_07-30-00, in UTC; names sort by age. */
const timeStamp = (time: number) =>
  new Date(time).toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");

/** The newest run of this name, where the settings ask to go on with it. */
export function runToResume(
  { resume, expName, localDirs, localRunDir }: TrainSettings,
): string | null {
  if (!resume) return null;
  if (localRunDir) return isRun(localRunDir) ? localRunDir : null;
  const prefix = `${expName}_`;
  const runs = localDirs.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.startsWith(prefix) && /^[\d_-]+$/.test(name.slice(prefix.length)))
      .map((name) => join(folder, name))
  ).filter(isRun);
  return runs.sort((a, b) => a.slice(-19) < b.slice(-19) ? 1 : -1)[0] ?? null;
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const isRun = (folder: string) => namesIn(folder).includes("config.json");

/** What the run to go on with was begun with; null where none is begun under these settings. */
export function begunWith(settings: TrainSettings): Pick<RunConfig, "model" | "datasets"> | null {
  const folder = runToResume(settings);
  const config = folder && readConfig(folder);
  return config && config.settings_hash === settingsHash(settings) ? config : null;
}

/** The model that training begins with, in a word for {@link openModel}; of the hub, the commit that a run began with. */
export const modelToOpen = (settings: TrainSettings): string =>
  atRevision(settings.archive ?? settings.model, begunWith(settings)?.model.revision);

const readConfig = (folder: string): RunConfig =>
  JSON.parse(Deno.readTextFileSync(join(folder, "config.json")));

function checkSettings(folder: string, settings: TrainSettings): void {
  const config = readConfig(folder);
  if (config.settings_hash === settingsHash(settings)) return;
  const now = namedSettings(settings);
  const differing = Object.keys(namedSettings(settings, effectiveSettings(settings)))
    .filter((key) => JSON.stringify(now[key]) !== JSON.stringify(config.settings[key]));
  throw new InputError(
    `${folder} was begun with other settings: ${
      differing.map((key) =>
        `${key}=${JSON.stringify(config.settings[key])}, now ${JSON.stringify(now[key])}`
      ).join("; ")
    }. Use the settings it began with, or another exp_name.`,
  );
}

/** Settings under the names of the command line: `batch_size`, `loss.beta`. */
export function namedSettings(
  settings: TrainSettings,
  only: Record<string, unknown> = settings as unknown as Record<string, unknown>,
): Record<string, unknown> {
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
  const named: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(only)) {
    if (key === "loss") {
      const { name, weight = 1, plus = [], ...options } = settings.loss;
      named.loss = name;
      named["loss.plus"] = plus.map((term) => term.name);
      named["loss.weights"] = [weight, ...plus.map((term) => term.weight)];
      for (const [inner, item] of Object.entries(options)) named[`loss.${snake(inner)}`] = item;
    } else if (key === "lora") {
      for (const inner of ["r", "alpha", "dropout", "targets"] as const) {
        named[`lora.${inner}`] = settings.lora?.[inner] ?? null;
      }
    } else named[key === "archive" ? "model.archive" : snake(key)] = value;
  }
  return named;
}

export const writeConfig = (folder: string, config: RunConfig): Promise<void> =>
  writeFileWhole(join(folder, "config.json"), JSON.stringify(config, null, 2) + "\n");

/** Who looks whether a run goes on holds the lock for a moment; who trains, for longer than this. */
const LOOK_MILLISECONDS = 200;

/** Holds the folder until the process ends, however it ends. */
function lockFolder(folder: string): Deno.FsFile {
  const file = Deno.openSync(join(folder, "run.lock"), { create: true, write: true });
  const moment = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + LOOK_MILLISECONDS; !file.tryLockSync(true);) {
    if (performance.now() < end) {
      Atomics.wait(moment, 0, 0, 10);
      continue;
    }
    file.close();
    throw new OperationError(`Another process is training in ${folder}; wait for it or stop it.`);
  }
  return file;
}
