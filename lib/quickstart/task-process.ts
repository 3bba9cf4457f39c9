/**
 * Tasks in processes of their own, which give their memory back when they end.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { TextLineStream } from "@/lib/setup/lines.ts";

/** Settings of a task, by their keys. */
export type Settings = Record<string, string | number | boolean | readonly string[]>;

/**
 * Runs `deno task NAME` with these settings. Its progress and its messages go to stderr.
 *
 * @returns what it printed as its last result
 * @throws {OperationError} the task failed; its own message is on stderr
 * @throws the reason of the signal, after the task has saved what it has
 */
export async function runTaskProcess(
  name: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", join(PROJECT_ROOT, "lib", "cli", `${name}.ts`)],
      ...Object.entries({ ...settings, json: true }).map(([key, value]) =>
        `${key}=${written(value)}`
      ),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    // Settings in the quickstart's environment are not meant for the tasks that it calls.
    clearEnv: true,
    env: Object.fromEntries(
      Object.entries(Deno.env.toObject()).filter(([key]) => !key.startsWith("CODEPREF_")),
    ),
    // Out of reach of the terminal's Ctrl-C: one signal, from here, lets the task save; a second would cut it off.
    detached: true,
  }).spawn();
  const stop = () => {
    try {
      child.kill("SIGINT");
    } catch {
      // It has ended by itself in the meantime.
    }
  };
  signal.addEventListener("abort", stop);
  try {
    let result: unknown;
    for await (
      const line of child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
        new TextLineStream(),
      )
    ) {
      if (line.startsWith("{")) result = JSON.parse(line);
    }
    const { code } = await child.status;
    signal.throwIfAborted();
    if (code !== 0) {
      throw new OperationError(
        `The task ${name} stopped with exit code ${code}; its message is above.`,
      );
    }
    return result;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function written(value: Settings[string]): string {
  if (Array.isArray(value)) return `[${value.map(quoted).join(",")}]`;
  return typeof value === "string" ? quoted(value) : String(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
