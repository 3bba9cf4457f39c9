import { dirname } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type LoadOptions, openDataset } from "@/lib/datasets/load.ts";
import type { Split } from "@/lib/datasets/folder.ts";

/** One object a line. */
export const jsonl = (rows: unknown[]): string =>
  rows.map((row) => JSON.stringify(row) + "\n").join("");

/** Writes files below a temporary folder, which is deleted after `work`. */
export async function withFiles(
  files: Record<string, string | Uint8Array>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-test-" });
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(path, typeof content === "string" ? bytes(content) : content);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Compressed by gzip. */
export const gzipped = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(
    await new Response(
      new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
  );

/** The bytes of a Parquet file with what a query says. */
export async function parquet(query: string): Promise<Uint8Array> {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
    return await Deno.readFile(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await Deno.remove(path);
  }
}

/** All that is read of one split, in memory. */
export async function readAll(name: string, split: Split, options: LoadOptions = {}) {
  const { examples, source } = await (await openDataset(name, options)).read(split);
  return { examples: [...examples], source };
}
