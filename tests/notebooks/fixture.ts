/** Writes small notebooks for the tests. */
import { join } from "node:path";

/** A code cell's source; the parameters cell is named so. */
export type Cell = string | { parameters: string };

/** Writes a notebook of code cells and returns its path. */
export async function writeNotebook(folder: string, name: string, cells: Cell[]): Promise<string> {
  const path = join(folder, name);
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    cells: cells.map((cell, index) => ({
      cell_type: "code",
      id: `cell-${index}`,
      metadata: typeof cell === "string" ? {} : { tags: ["parameters"] },
      execution_count: null,
      outputs: [],
      source: typeof cell === "string" ? cell : cell.parameters,
    })),
  };
  await Deno.writeTextFile(path, JSON.stringify(notebook));
  return path;
}

/** The text that each code cell of an executed notebook printed or returned. */
export async function outputsOf(path: string): Promise<string[]> {
  const { cells } = JSON.parse(await Deno.readTextFile(path)) as { cells: ExecutedCell[] };
  return cells.filter((cell) => cell.cell_type === "code").map((cell) =>
    cell.outputs!.flatMap((o) => o.text ?? o.data?.["text/plain"] ?? []).join("")
  );
}

interface ExecutedCell {
  cell_type: string;
  outputs?: { text?: string[]; data?: Record<string, string[]> }[];
}

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder<T>(
  work: (folder: string) => Promise<T>,
  options?: Deno.MakeTempOptions,
): Promise<T> {
  const folder = await Deno.makeTempDir(options);
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
