/**
 * Opens the notebooks in JupyterLab.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { listNotebooks } from "@/lib/notebooks/all.ts";
import { jupyterEnvironment } from "@/lib/notebooks/jupyter.ts";
import { PROJECT_ROOT, pythonPath, VENV } from "@/lib/setup/paths.ts";

/** How {@link openJupyterLab} starts. */
export interface EditOptions {
  /** Where to listen on this machine; the next free port when it is taken. */
  port: number;
  /** Whether to open a browser. */
  browser: boolean;
  signal?: AbortSignal;
}

/**
 * Trusts the project's own notebooks, so that their figures are shown, and runs JupyterLab until it is closed
 * or `signal` aborts. JupyterLab prints its address.
 *
 * @throws {OperationError} JupyterLab ended by itself with an error
 */
export async function openJupyterLab({ port, browser, signal }: EditOptions): Promise<void> {
  await python(["-m", "nbformat.sign", ...listNotebooks()], signal);
  await keepQuiet();
  const settings = [
    `--ServerApp.port=${port}`,
    `--ServerApp.open_browser=${browser ? "True" : "False"}`,
    `--ServerApp.allow_root=${Deno.uid() === 0 ? "True" : "False"}`,
    "--LabApp.default_url=/lab/tree/notebooks/01-questions.ipynb",
  ];
  const { success } = await python(["-m", "jupyterlab", ...settings], signal);
  if (!success && !signal?.aborted) throw new OperationError("JupyterLab stopped; see above why.");
}

/** JupyterLab neither looks for news and updates elsewhere nor asks whether it may. */
async function keepQuiet(): Promise<void> {
  const folder = join(VENV, "share", "jupyter", "lab", "settings");
  const overrides = {
    "@jupyterlab/apputils-extension:notification": { checkForUpdates: false, fetchNews: "false" },
  };
  await Deno.mkdir(folder, { recursive: true });
  const partial = join(folder, `.overrides.${crypto.randomUUID()}`);
  await Deno.writeTextFile(partial, JSON.stringify(overrides, null, 2));
  await Deno.rename(partial, join(folder, "overrides.json"));
}

function python(args: string[], signal?: AbortSignal): Promise<Deno.CommandStatus> {
  return new Deno.Command(pythonPath(), {
    args,
    cwd: PROJECT_ROOT,
    env: jupyterEnvironment(),
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    signal,
  }).spawn().status;
}
