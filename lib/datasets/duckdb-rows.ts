/**
 * DuckDB in memory, for reading files and for sorting more rows than memory should hold.
 *
 * @module
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { removeFolder } from "@/lib/datasets/replace-folder.ts";

/** What DuckDB may hold before it writes to the disk. */
export const MEMORY_BYTES = 512e6;

/** A connection and a folder for the time of `work`; what is in the folder is deleted after. */
export async function* withDuckdb<T>(
  work: (connection: DuckDBConnection, folder: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-duckdb-" });
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    memory_limit: `${MEMORY_BYTES}B`,
    threads: "2",
    temp_directory: folder,
  });
  const connection = await instance.connect();
  try {
    yield* work(connection, folder);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await removeFolder(folder);
  }
}

/** Rows of a query, a few thousand in memory at a time. */
export async function* queryRows(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<Record<string, unknown>> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRowObjectJs()) yield* rows;
}

/** Text as a literal of SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
