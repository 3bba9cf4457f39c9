/**
 * Reads the parts of a Jupyter notebook (nbformat 4) that the runner and the check need.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** One code cell. */
export interface CodeCell {
  /** As a reader counts: code cells of the file from 1. */
  number: number;
  source: string;
  tags: string[];
}

/** What a parameter may be set to. */
export type ParameterValue = string | number | boolean | null | ParameterValue[];

/** One parameter of a notebook: a `let` of the cell tagged `parameters`. */
export interface Parameter {
  name: string;
  default: ParameterValue;
  /** The comment at the end of its line. */
  help: string;
}

/** One output of a cell: printed text, or what was shown, by its kinds. */
export interface RunOutput {
  /** `stdout` or `stderr`, of text. */
  name?: string;
  text?: string;
  data?: Record<string, string>;
}

/** A code cell with what it showed. */
export interface RunCell extends CodeCell {
  id: string;
  outputs: RunOutput[];
}

interface RawCell {
  id?: string;
  cell_type: string;
  source: string | string[];
  metadata?: { tags?: string[] };
  outputs?: { name?: string; text?: string | string[]; data?: Record<string, unknown> }[];
}

/**
 * The code cells of a notebook, without the one that a run with parameters injected.
 *
 * @throws {InputError} the file is missing or is no notebook of format 4
 */
export async function readCodeCells(path: string): Promise<CodeCell[]> {
  return codeCells(await readNotebook(path))
    .filter((cell) => !cell.tags.includes("injected-parameters"))
    .map((cell, index) => ({ ...cell, number: index + 1 }));
}

/** The code cells with their outputs, without the cell that a run with parameters injected. */
export async function readOutputs(path: string): Promise<RunCell[]> {
  const text = (value: unknown) =>
    typeof value === "string" || Array.isArray(value)
      ? [value].flat().join("")
      : JSON.stringify(value);
  const cells = (await readNotebook(path)).filter((cell) =>
    cell.cell_type === "code" && !cell.metadata?.tags?.includes("injected-parameters")
  );
  const codes = await readCodeCells(path);
  return cells.map(({ id = "", outputs = [] }, index) => ({
    ...codes[index],
    id,
    outputs: outputs.map(({ name, text: printed, data }) => ({
      name,
      ...printed === undefined ? {} : { text: text(printed) },
      ...data && {
        data: Object.fromEntries(Object.entries(data).map(([kind, value]) => [kind, text(value)])),
      },
    })),
  }));
}

async function readNotebook(path: string): Promise<RawCell[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError(`There is no notebook ${path}.`);
    }
    throw error;
  }
  let notebook: { nbformat?: number; cells?: RawCell[] };
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path} is not a notebook: ${(error as Error).message}.`);
  }
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new InputError(`${path} is not a notebook of format 4; save it anew with JupyterLab.`);
  }
  return notebook.cells;
}

function codeCells(cells: RawCell[]): Omit<CodeCell, "number">[] {
  return cells.filter((cell) => cell.cell_type === "code").map((cell) => ({
    source: [cell.source].flat().join(""),
    tags: cell.metadata?.tags ?? [],
  }));
}

/**
 * The parameters that the cell tagged `parameters` declares, one `let name = literal; // help` a line.
 *
 * @throws {InputError} a default that is no literal
 */
export function declaredParameters(cells: CodeCell[], path: string): Parameter[] {
  const cell = cells.find((cell) => cell.tags.includes("parameters"));
  const lines = cell?.source.matchAll(/^let (\w+)(?:: [^=]+)? = (.+?);(?:\s*\/\/\s*(.*))?$/gm) ??
    [];
  return [...lines].map(([, name, literal, help = ""]) => {
    try {
      return { name, default: JSON.parse(literal), help: help.trim() };
    } catch {
      throw new InputError(
        `${path}: the parameter ${name} starts as ${literal}; write a JSON literal there.`,
      );
    }
  });
}
