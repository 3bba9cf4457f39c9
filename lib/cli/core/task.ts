/**
 * Runs a task from the command line: settings in, results out, one sentence and an exit code when it fails.
 *
 * Exit codes: 0 done; 1 failed; 2 wrong usage or input; 130 interrupted.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";
import { explain } from "@/lib/cli/core/explain.ts";
import { helpJson, helpText } from "@/lib/cli/core/help.ts";
import { createProgress, type Progress } from "@/lib/cli/core/progress.ts";
import { type Parsed, parseSettings, type TaskSpec, type Values } from "@/lib/cli/core/settings.ts";

export { defineTask } from "@/lib/cli/core/settings.ts";

/** What the body of a task works with. */
export interface Task<S extends TaskSpec> {
  readonly values: Values<S>;
  readonly subcommand?: keyof S["subcommands"] & string;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
  /** Keys that the command line or the environment named. */
  readonly given: readonly string[];
  /** Aborted by Ctrl-C or SIGTERM: save what is done and return, or let the AbortError pass. */
  readonly signal: AbortSignal;
  /** Shows progress under a label, on stderr. */
  progress(label: string): OnProgress;
  /** A line for people: on stdout, or on stderr when stdout carries JSON. */
  log(line: string): void;
  /** A result: with `json=true` the object as one line of JSON on stdout, otherwise the line for people. */
  result(object: unknown, humanLine: string): void;
}

/**
 * Parses the command line, sets up what the task needs, runs `main` and ends the process.
 *
 * The first Ctrl-C aborts {@link Task.signal}; the second ends the process at once. `main` may return an exit
 * code where what it printed says all (tests that failed).
 */
export async function runTask<const S extends TaskSpec>(
  spec: S,
  main: (task: Task<S>) => Promise<void | number>,
): Promise<void> {
  const progress = createProgress();
  const fail = (error: unknown): never => {
    progress.stop();
    const { text, exitCode } = explain(error);
    if (text) progress.line(text, "stderr");
    Deno.exit(exitCode);
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });

  try {
    if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
      const text = Deno.args.includes("json=true") ? helpJson(spec) : helpText(spec);
      progress.line(text, "stdout");
      Deno.exit(0);
    }
    const args = Deno.args.filter((arg) => arg !== "--print-config");
    const parsed = parseSettings(spec, args, Deno.env.toObject());
    for (const note of parsed.notes) progress.line(note, "stderr");
    if (args.length < Deno.args.length) {
      progress.line(JSON.stringify(parsed.values, null, 2), "stdout");
      Deno.exit(0);
    }

    const signal = interruption(progress);
    const task = createTask(parsed, signal, progress);
    if (spec.needs?.length) {
      const { ensureSetup } = await import("@/lib/setup/ensure.ts");
      await ensureSetup(spec.needs, task.progress("set-up"), { signal });
    }
    const exitCode = await main(task);
    signal.throwIfAborted();
    progress.stop();
    Deno.exit(exitCode ?? 0);
  } catch (error) {
    fail(error);
  }
}

function createTask<S extends TaskSpec>(
  parsed: Parsed<S>,
  signal: AbortSignal,
  progress: Progress,
): Task<S> {
  const { json } = parsed.values;
  return {
    ...parsed,
    signal,
    progress: (label) => progress.start(label),
    log: (line) => progress.line(line, json ? "stderr" : "stdout"),
    result: (object, humanLine) =>
      progress.line(json ? JSON.stringify(object) : humanLine, "stdout"),
  };
}

function interruption(progress: Progress): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) Deno.exit(130);
    progress.line("Stopping; press Ctrl-C again to stop at once.", "stderr");
    controller.abort(new DOMException("Interrupted.", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  return controller.signal;
}
