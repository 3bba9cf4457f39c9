/**
 * The training runs of some folders.
 *
 * @module
 */
import { join } from "node:path";
import type { MetricRecord } from "@/lib/charts/metric-lines.ts";
import { InputError } from "@/lib/errors.ts";
import { lastLines } from "@/lib/evaluation/growing-lines.ts";
import { isMissing, readRunConfig, type RunConfiguration } from "@/lib/evaluation/run-config.ts";
import { isTraining, type RunStanding, runStanding } from "@/lib/evaluation/run-state.ts";

/** A run folder below one of `local_dirs`. */
export interface RunPlace {
  /** Which of the folders, counted from 0. */
  dir: number;
  /** Name of the run folder. */
  name: string;
  folder: string;
}

/** One line of the list. */
export interface RunEntry extends Omit<RunPlace, "folder">, RunStanding {
  /** Null where config.json is not written yet or is broken. */
  lossName: string | null;
  /** ISO time of the start. */
  started: string;
  /** What cannot be read of it, in a sentence. */
  problem: string | null;
}

/** The end of metrics.jsonl that a list reads: some tens of steps. */
const TAIL_BYTES = 64 * 1024;

/** Run folders below `localDirs`: real folders, no links, that hold a config.json or a process is training in. */
export async function findRuns(localDirs: readonly string[]): Promise<RunPlace[]> {
  const found = await Promise.all(localDirs.map(async (localDir, dir) => {
    const names = await foldersIn(localDir);
    const places = names.map((name) => ({ dir, name, folder: join(localDir, name) }));
    const runs = await Promise.all(places.map(async (place) => await isRun(place.folder)));
    return places.filter((_, i) => runs[i]);
  }));
  return found.flat();
}

/** The run of this name in the folder with this number; undefined where there is none. */
export async function findRun(
  localDirs: readonly string[],
  dir: number,
  name: string,
): Promise<RunPlace | undefined> {
  const localDir = localDirs[dir];
  // A name from outside is only ever compared with those that are there.
  if (localDir === undefined || !(await foldersIn(localDir)).includes(name)) return undefined;
  const folder = join(localDir, name);
  return await isRun(folder) ? { dir, name, folder } : undefined;
}

/** All runs, the newest first. */
export async function listRuns(localDirs: readonly string[]): Promise<RunEntry[]> {
  const entries = await Promise.all((await findRuns(localDirs)).map(entryOf));
  return entries.sort((a, b) => a.started < b.started ? 1 : -1);
}

async function entryOf({ dir, name, folder }: RunPlace): Promise<RunEntry> {
  let config: RunConfiguration | undefined, problem: string | null = null;
  try {
    config = await readRunConfig(folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problem = error.message;
  }
  const records = await lastLines<MetricRecord>(join(folder, "metrics.jsonl"), TAIL_BYTES);
  return {
    dir,
    name,
    lossName: config?.loss ?? null,
    started: await startOf(folder),
    problem,
    ...await runStanding(folder, records, config?.totalExamples ?? null),
  };
}

/** ISO time at which the run began: config.json is written once. */
export async function startOf(folder: string): Promise<string> {
  const config = await lstat(join(folder, "config.json"));
  const { mtime } = config ?? await Deno.lstat(folder);
  return (mtime ?? new Date(0)).toISOString();
}

/** Files of a run folder are never links, which could lead out of it. */
const FILES = ["config.json", "metrics.jsonl", "samples.jsonl", "report.html", "run.lock"];

async function isRun(folder: string): Promise<boolean> {
  const files = await Promise.all(FILES.map((name) => lstat(join(folder, name))));
  if (files.some((info) => info !== undefined && !info.isFile)) return false;
  return files[0] !== undefined || await isTraining(folder);
}

async function foldersIn(localDir: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(localDir));
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function lstat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
