/**
 * Type-checks notebooks: `deno check` does not take .ipynb files, and the kernel runs cells without checking
 * their types.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type CodeCell, readCodeCells } from "@/lib/notebooks/notebook.ts";

/** One error that `deno check` found, where a reader of the notebook finds it. */
export interface NotebookProblem {
  notebook: string;
  /** Code cell and line within it, from 1; 0 when the error names no place. */
  cell: number;
  line: number;
  column: number;
  /** For instance `TS2322`; empty for errors that are not of types. */
  code: string;
  message: string;
}

/** Which line of the extracted module is which line of which cell. */
interface Extracted {
  notebook: string;
  module: string;
  /** Index: line of the module, from 1. */
  places: { cell: number; line: number }[];
}

/**
 * Checks the cells of each notebook as one module that lies beside it, so that imports resolve as in the
 * kernel. The modules are removed again.
 *
 * @returns the problems in the order of the notebooks; none: all is well
 * @throws {InputError} a notebook is missing or is none
 */
export async function checkNotebooks(paths: string[]): Promise<NotebookProblem[]> {
  const cells = await Promise.all(paths.map(readCodeCells));
  const extracted: Extracted[] = [];
  try {
    for (const [index, path] of paths.entries()) {
      extracted.push(await extract(path, cells[index]));
    }
    if (extracted.length === 0) return [];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", ...extracted.map(({ module }) => module)],
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    return success ? [] : problems(new TextDecoder().decode(stderr), extracted);
  } finally {
    for (const { module } of extracted) await Deno.remove(module);
  }
}

/** A problem in one line, as compilers write them. */
export function problemLine(problem: NotebookProblem): string {
  const { notebook, cell, line, column, code, message } = problem;
  const place = cell ? `, code cell ${cell}, line ${line}:${column}` : "";
  return `${notebook}${place}: ${code ? `${code} ` : ""}${message}`;
}

async function extract(notebook: string, cells: CodeCell[]): Promise<Extracted> {
  const lines: string[] = [];
  const places: Extracted["places"] = [{ cell: 0, line: 0 }];
  for (const { number, source } of cells) {
    // The semicolon line keeps an unfinished expression of one cell from going on in the next.
    for (const [index, text] of [...source.split("\n"), ";"].entries()) {
      lines.push(text);
      places.push({ cell: number, line: index + 1 });
    }
  }
  lines.push("export {};", "");
  const module = resolve(dirname(notebook), `.${basename(notebook)}.${crypto.randomUUID()}.ts`);
  await Deno.writeTextFile(module, lines.join("\n"));
  return { notebook, module, places };
}

/** Reads what `deno check` says: a message, some lines of code, and `at file:///…:line:column`. */
function problems(text: string, extracted: Extracted[]): NotebookProblem[] {
  const found: NotebookProblem[] = [];
  let message = "";
  for (const line of text.split("\n")) {
    const head = line.match(/^(?:TS(\d+) )?\[ERROR\]: (.*)$|^error: (.*)$/);
    if (head) message = `${head[1] ? `TS${head[1]} ` : ""}${head[2] ?? head[3]}`;
    const at = line.match(/^\s+at (file:\/\/\S+):(\d+):(\d+)$/);
    if (!at || !message) continue;
    found.push(problem(message, at[1], Number(at[2]), Number(at[3]), extracted));
    message = "";
  }
  if (found.length === 0) {
    const notebook = extracted.map(({ notebook }) => notebook).join(", ");
    found.push({
      notebook,
      cell: 0,
      line: 0,
      column: 0,
      code: "",
      message: message || text.trim(),
    });
  }
  return found;
}

function problem(
  message: string,
  url: string,
  line: number,
  column: number,
  extracted: Extracted[],
): NotebookProblem {
  const [, code = "", text] = message.match(/^(TS\d+)? ?(.*)$/)!;
  const file = fileURLToPath(url);
  const source = extracted.find(({ module }) => module === file);
  const place = source?.places[line];
  // An error of an imported file is reported there, under the file's own lines.
  if (!source || !place) {
    return { notebook: `${file}:${line}`, cell: 0, line, column, code, message: text };
  }
  return {
    notebook: source.notebook,
    cell: place.cell,
    line: place.line,
    column,
    code,
    message: text,
  };
}
