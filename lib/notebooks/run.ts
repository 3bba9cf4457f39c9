/**
 * Executes notebooks headless, with real Jupyter and the Deno kernel (see run.py for how no output is lost).
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { jupyterEnvironment } from "@/lib/notebooks/jupyter.ts";
import {
  declaredParameters,
  type ParameterValue,
  readCodeCells,
} from "@/lib/notebooks/notebook.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { TextLineStream } from "@/lib/setup/lines.ts";
import { pythonPath } from "@/lib/setup/paths.ts";

/** How {@link executeNotebook} runs a notebook. */
export interface ExecuteOptions {
  /** Values for the notebook's parameters (the cell tagged `parameters`); the others keep their defaults. */
  parameters?: Record<string, ParameterValue>;
  /** Folder for the executed copy. The notebook's own folder: in place, and only when all went well. */
  out?: string;
  /** How long one cell may take; default 600. */
  timeoutSeconds?: number;
  /** Called after every code cell, and once before the first. */
  onProgress?: OnProgress;
  signal?: AbortSignal;
  /** The Python with Jupyter; default the one of the set-up. */
  python?: string;
}

/** What a run has done. */
export interface Executed {
  notebook: string;
  /** The executed copy, where one was asked for. */
  copy?: string;
  cells: number;
  seconds: number;
}

/** Why a notebook stopped. */
export type FailureReason = "error" | "rejection" | "timeout" | "died" | "lost" | "kernel";

/** A cell failed. The message says where and why in one sentence. */
export class NotebookError extends OperationError {
  override name = "NotebookError";
  constructor(
    readonly notebook: string,
    /** Code cell, from 1; 0: before the first. */
    readonly cell: number,
    readonly reason: FailureReason,
    readonly traceback: string,
    message: string,
  ) {
    super(message);
  }
}

type Event =
  | { event: "start"; cells: number }
  | { event: "cell"; cell: number; seconds: number }
  | { event: "done"; seconds: number }
  | {
    event: "failed";
    reason: FailureReason;
    cell: number;
    source: string;
    message: string;
    traceback: string;
  };

/**
 * Runs all cells of a notebook, in the notebook's folder.
 *
 * @throws {NotebookError} a cell threw, left a rejected promise, took too long, or the kernel stopped
 * @throws {InputError} no such notebook, or it has no such parameter
 * @throws {OperationError} Jupyter or its kernel is not set up
 */
export async function executeNotebook(
  path: string,
  options: ExecuteOptions = {},
): Promise<Executed> {
  const { parameters = {}, out, timeoutSeconds = 600, onProgress, signal } = options;
  await checkParameters(path, parameters);
  signal?.throwIfAborted();
  const copy = out === undefined ? undefined : join(out, basename(path));
  if (copy) await Deno.mkdir(dirname(copy), { recursive: true });

  const runner = new Deno.Command(options.python ?? pythonPath(), {
    args: [join(import.meta.dirname!, "run.py")],
    env: jupyterEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = runner.stdin.getWriter();
  // The runner stops its kernel and itself when its standard input closes.
  const stop = () => input.close().catch(() => {});
  signal?.addEventListener("abort", stop);
  const complaints = new Response(runner.stderr).text();
  let last: Event | undefined;
  try {
    const job = {
      notebook: resolve(path),
      output: copy ? resolve(copy) : null,
      parameters,
      timeout_seconds: timeoutSeconds,
    };
    await input.write(new TextEncoder().encode(JSON.stringify(job) + "\n")).catch(() => {});
    let total = 0;
    const lines = runner.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextLineStream(),
    );
    for await (const line of lines) {
      last = JSON.parse(line) as Event;
      if (last.event === "start") total = last.cells;
      const done = last.event === "cell" ? last.cell : last.event === "start" ? 0 : undefined;
      if (done !== undefined) onProgress?.(done, total);
    }
    await runner.status;
    signal?.throwIfAborted();
    if (last?.event === "done") {
      return { notebook: path, copy, cells: total, seconds: last.seconds };
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await stop();
    await runner.status;
  }
  if (last?.event === "failed") throw failure(path, last);
  const lines = (await complaints).trim().split("\n");
  throw new OperationError(
    `Jupyter could not run ${path} (${lines.at(-1)}): run \`deno task setup\`.`,
  );
}

function failure(path: string, event: Event & { event: "failed" }): NotebookError {
  const place = event.cell === 0
    ? "before the first cell"
    : `code cell ${event.cell} (starts with: ${event.source})`;
  const what = {
    error: event.message,
    rejection: `nobody awaited a promise that failed: ${event.message}`,
    timeout: "it took longer than allowed (timeout_seconds=)",
    died: "the kernel stopped",
    lost: event.message,
    kernel: event.message,
  }[event.reason];
  const message = `${path}, ${place}: ${what}`;
  return new NotebookError(path, event.cell, event.reason, event.traceback, message);
}

async function checkParameters(
  path: string,
  parameters: Record<string, ParameterValue>,
): Promise<void> {
  const known = declaredParameters(await readCodeCells(path), path).map(({ name }) => name);
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      `${path} has no parameter "${unknown}"; it has ${known.join(", ") || "none"}.`,
    );
  }
}
