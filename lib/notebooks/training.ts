/**
 * Training from a notebook: a process of its own that outlives the kernel, followed through the metrics that
 * it writes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { GrowingLines } from "@/lib/evaluation/growing-lines.ts";
import { readRunConfig } from "@/lib/evaluation/run-config.ts";
import { isTraining } from "@/lib/evaluation/run-state.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** A training process that can be followed. */
export interface FollowedRun {
  /** Its run folder. */
  folder: string;
  /** Resolves to the exit code when the process has ended; to 0 where it was started elsewhere. */
  ended: Promise<number>;
}

/** A training process that was started here. */
export interface TrainingRun extends FollowedRun {
  pid: number;
  /** Asks the process to save a checkpoint and end. */
  stop(): void;
}

/** One line of metrics.jsonl: counters, the time, and the metrics of one step or one evaluation. */
export type Metrics = Record<string, number | string>;

/** As on the command line; `exp_name` names the run. */
export type TrainingSettings = { exp_name: string } & Record<string, string | number | boolean>;

/**
 * Starts `deno task train` with these settings. The process is detached: it goes on when the kernel is
 * interrupted or stopped. What it prints goes to `output.log` in its run folder.
 *
 * @param runs the folder that run folders lie in
 */
export function startTraining(settings: TrainingSettings, runs = "runs"): TrainingRun {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  return trainIn(join(runs, `${settings.exp_name}_${time}`), settings);
}

/** Goes on with a run that was stopped, from its last checkpoint, with the settings that it began with. */
export function resumeTraining(
  { folder }: { folder: string },
  settings: TrainingSettings,
): TrainingRun {
  return trainIn(folder, { ...settings, resume: "latest" });
}

function trainIn(folder: string, settings: TrainingSettings): TrainingRun {
  Deno.mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "output.log"), "a");
  const words = Object.entries({ ...settings, local_run_dir: folder }).map(([k, v]) => `${k}=${v}`);
  const child = spawn(
    Deno.execPath(),
    ["run", "-A", join(PROJECT_ROOT, "lib", "cli", "train.ts"), ...words],
    {
      cwd: Deno.cwd(),
      env: withoutSettings(),
      detached: true,
      stdio: ["ignore", log, log],
    },
  );
  closeSync(log);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    // An exit code of 130 is told as the signal that led to it.
    child.on("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
  return { folder, pid: child.pid!, ended, stop: () => child.kill("SIGINT") };
}

/** The environment without CODEPREF_*: the training's settings are those of the cell. */
function withoutSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("CODEPREF_")),
  );
}

/**
 * A run that was started elsewhere, in a terminal or by another notebook.
 *
 * @param name of its run folder
 * @param runs the folder that run folders lie in
 * @throws InputError when there is no such run
 */
export async function openRun(name: string, runs = "runs"): Promise<FollowedRun> {
  const folder = join(runs, name);
  if (!await readRunConfig(folder) && !await isTraining(folder)) {
    throw new InputError(
      `There is no run ${name} in ${runs}; the web app's page /runs lists them.`,
    );
  }
  return { folder, ended: whenLetGo(folder) };
}

async function whenLetGo(folder: string): Promise<number> {
  while (await isTraining(folder)) await pause();
  return 0;
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 500));

/**
 * The metrics of a run as they are written, from the first, until the process has ended.
 *
 * @throws {OperationError} the process ended with an error; the message has its last lines
 */
export async function* follow(run: FollowedRun): AsyncGenerator<Metrics> {
  for await (const lines of followTogether(run)) yield* lines;
}

/** As {@link follow}, with what is written at about the same time together. */
export async function* followTogether(run: FollowedRun): AsyncGenerator<Metrics[]> {
  const metrics = new GrowingLines<Metrics>(join(run.folder, "metrics.jsonl"));
  let code: number | undefined;
  const ended = run.ended.then((value) => code = value);
  let read = 0;
  while (true) {
    const over = code !== undefined;
    await metrics.update();
    const lines = metrics.lines.slice(read);
    read = metrics.lines.length;
    if (lines.length > 0) yield lines;
    if (over) break;
    await Promise.race([ended, pause()]);
  }
  if (code !== 0) {
    const log = await Deno.readTextFile(join(run.folder, "output.log"));
    const end = log.trim().split("\n").slice(-5).join("\n");
    throw new OperationError(`Training stopped with exit code ${code}:\n${end}`);
  }
}

/** The newest run of this name that has a complete checkpoint: its folder. */
export function newestRun(expName: string, runs = "runs"): string | undefined {
  if (!existsSync(runs)) return undefined;
  return [...Deno.readDirSync(runs)]
    .filter(({ name }) => name.startsWith(`${expName}_`) && existsSync(join(runs, name, "LATEST")))
    .map(({ name }) => join(runs, name))
    .sort()
    .at(-1);
}

/** The policy of the newest checkpoint of runs of this name, as `model.archive=` takes it. */
export function newestPolicy(expName: string, runs = "runs"): string | undefined {
  const folder = newestRun(expName, runs);
  return folder && join(folder, "LATEST", "policy");
}
