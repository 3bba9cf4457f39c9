/**
 * The notebooks of this project, in their order.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { InputError } from "@/lib/errors.ts";
import {
  declaredParameters,
  type Parameter,
  type ParameterValue,
  readCodeCells,
} from "@/lib/notebooks/notebook.ts";
import { type Executed, executeNotebook } from "@/lib/notebooks/run.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** The smallest values at which every notebook still shows something. */
export const SMALL: Readonly<Record<string, ParameterValue>> = {
  questions: 2,
  answers: 16,
  num_predict: 128,
  max_steps: 2,
  batch_size: 2,
  max_length: 384,
  sweep: ["ipo:0.1"],
  trainers: ["FSDPTrainer"],
};

/** Which notebooks {@link executeAll} runs, and how. */
export interface ExecuteAllOptions {
  /** Beginnings of names, for instance `01`; default all. */
  only?: string[];
  /** {@link SMALL} where `parameters` says nothing. */
  small?: boolean;
  parameters?: Record<string, ParameterValue>;
  /** Folder for the executed copies; absent: in place. */
  out?: string;
  timeoutSeconds?: number;
  /** Progress of each notebook by its name. */
  progress?: (notebook: string) => OnProgress;
  onExecuted?: (executed: Executed) => void;
  signal?: AbortSignal;
}

/** Paths of the notebooks, absolute and in order. */
export function listNotebooks(): string[] {
  const folder = join(PROJECT_ROOT, "notebooks");
  return [...Deno.readDirSync(folder)]
    .filter(({ name, isFile }) => isFile && name.endsWith(".ipynb"))
    .map(({ name }) => join(folder, name))
    .sort();
}

/** The parameters of all notebooks; of one that several have, the first is taken. */
export async function notebookParameters(): Promise<Parameter[]> {
  const found = new Map<string, Parameter>();
  for (const path of listNotebooks()) {
    for (const parameter of declaredParameters(await readCodeCells(path), path)) {
      if (!found.has(parameter.name)) found.set(parameter.name, parameter);
    }
  }
  return [...found.values()];
}

/**
 * Executes the notebooks one after the other; each goes on from what the last left. Every notebook gets those
 * of the parameters that it declares.
 *
 * @throws {InputError} `only` names no notebook, or no notebook has one of the parameters
 * @throws {NotebookError} a cell failed; the notebooks after it are not run
 */
export async function executeAll(options: ExecuteAllOptions = {}): Promise<Executed[]> {
  const { only = [], small = false, parameters = {}, out, onExecuted } = options;
  const known = (await notebookParameters()).map(({ name }) => name);
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown) {
    throw new InputError(
      `No notebook has a parameter "${unknown}"; they have ${known.join(", ")}.`,
    );
  }
  const done: Executed[] = [];
  for (const path of chosen(only)) {
    const wanted: Record<string, ParameterValue> = { ...small ? SMALL : {}, ...parameters };
    const declared = declaredParameters(await readCodeCells(path), path);
    const own = declared.filter(({ name }) => name in wanted)
      .map(({ name }) => [name, wanted[name]] as const);
    const shown = relative(Deno.cwd(), path);
    const executed = await executeNotebook(shown, {
      parameters: Object.fromEntries(own),
      out: out ?? dirname(shown),
      timeoutSeconds: options.timeoutSeconds,
      onProgress: options.progress?.(shown),
      signal: options.signal,
    });
    done.push(executed);
    onExecuted?.(executed);
  }
  return done;
}

function chosen(only: string[]): string[] {
  const all = listNotebooks();
  if (only.length === 0) return all;
  const names = all.map((path) => path.slice(join(PROJECT_ROOT, "notebooks").length + 1));
  const lost = only.find((start) => !names.some((name) => name.startsWith(start)));
  if (lost) {
    throw new InputError(`No notebook starts with "${lost}"; there are ${names.join(", ")}.`);
  }
  return all.filter((_, index) => only.some((start) => names[index].startsWith(start)));
}
