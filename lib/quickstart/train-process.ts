/**
 * Training in a process of its own, which gives its memory back at the end and outlives a killed quickstart:
 * the next one finds it and waits for it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { isRunning } from "@/lib/quickstart/running.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

export interface TrainProcessOptions {
  signal: AbortSignal;
  /** Shows how long a training that is running already has been waited for. */
  onWait: OnProgress;
}

/**
 * Runs `deno task train` with these settings in the run folder `folder`, going on from its last checkpoint.
 *
 * @throws {OperationError} training failed; its own message is on stderr
 * @throws the reason of the signal, after the training has saved what it has
 */
export async function runTraining(
  settings: Record<string, string | number | boolean>,
  folder: string,
  { signal, onWait }: TrainProcessOptions,
): Promise<void> {
  signal.throwIfAborted();
  const pidFile = `${folder}.pid`;
  await waitForEarlier(pidFile, folder, signal, onWait);

  await Deno.mkdir(dirname(folder), { recursive: true });
  const all = { ...settings, local_run_dir: folder, resume: "latest", json: true };
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", join(PROJECT_ROOT, "lib", "cli", "train.ts")],
      ...Object.entries(all).map(([key, value]) => `${key}=${value}`),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
    // Settings of the quickstart's environment are not meant for its training.
    clearEnv: true,
    env: Object.fromEntries(
      Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("CODEPREF_")),
    ),
    // Out of reach of the terminal's Ctrl-C: one signal, from here, lets it save; a second would cut it off.
    detached: true,
  }).spawn();
  await Deno.writeTextFile(pidFile, String(child.pid));
  const stop = () => kill(child.pid);
  signal.addEventListener("abort", stop);
  try {
    const { code } = await child.status;
    signal.throwIfAborted();
    if (code !== 0) {
      throw new OperationError(
        `Training in ${folder} stopped with exit code ${code}; its message is above.`,
      );
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await Deno.remove(pidFile).catch(() => {});
  }
}

/** A quickstart that was killed may have left its training running. */
async function waitForEarlier(
  pidFile: string,
  folder: string,
  signal: AbortSignal,
  onWait: OnProgress,
): Promise<void> {
  const pid = Number(await Deno.readTextFile(pidFile).catch(() => ""));
  if (!pid) return;
  for (let seconds = 0; await isRunning(pid, folder); seconds++) {
    if (signal.aborted) kill(pid);
    signal.throwIfAborted();
    onWait(seconds, 0, `seconds for the training of an earlier quickstart (process ${pid})`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGINT");
  } catch {
    // It has ended by itself in the meantime.
  }
}
