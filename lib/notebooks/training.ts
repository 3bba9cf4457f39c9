/**
 * Training from a notebook: a process of its own that outlives the kernel, followed through the metrics that
 * it writes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** A training process that was started here. */
export interface TrainingRun {
  /** Its run folder. */
  folder: string;
  pid: number;
  /** Resolves to the exit code when the process has ended. */
  ended: Promise<number>;
  /** Asks the process to save a checkpoint and end. */
  stop(): void;
}

/** One line of metrics.jsonl: counters, the time, and the metrics of one step or one evaluation. */
export type Metrics = Record<string, number | string>;

/**
 * Starts `deno task train` with these settings. The process is detached: it goes on when the kernel is
 * interrupted or stopped. What it prints goes to `output.log` in its run folder.
 *
 * @param settings as on the command line; `exp_name` names the run
 * @param runs the folder that run folders lie in
 */
export function startTraining(
  settings: { exp_name: string } & Record<string, string | number | boolean>,
  runs = "runs",
): TrainingRun {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const folder = join(runs, `${settings.exp_name}_${time}`);
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
    child.on("exit", (code) => resolve(code ?? 1));
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
 * The metrics of a run as they are written, from the first, until the process has ended.
 *
 * @throws {OperationError} the process ended with an error; the message has its last lines
 */
export async function* follow(run: TrainingRun): AsyncGenerator<Metrics> {
  const file = join(run.folder, "metrics.jsonl");
  let code: number | undefined;
  run.ended.then((value) => code = value);
  let read = 0;
  while (true) {
    const over = code !== undefined;
    const rows = await readMetrics(file);
    for (; read < rows.length; read++) yield rows[read];
    if (over) break;
    await Promise.race([run.ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  if (code !== 0) {
    const log = await Deno.readTextFile(join(run.folder, "output.log"));
    const end = log.trim().split("\n").slice(-5).join("\n");
    throw new OperationError(`Training stopped with exit code ${code}:\n${end}`);
  }
}

/** All complete lines of a metrics.jsonl; none when it is not there yet. */
export async function readMetrics(file: string): Promise<Metrics[]> {
  try {
    const text = await Deno.readTextFile(file);
    return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean).map((line) =>
      JSON.parse(line)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
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
