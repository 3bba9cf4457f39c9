/**
 * Rows of data files, read one after the other: JSON Lines, JSON, CSV and Parquet.
 *
 * @module
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { literal, MEMORY_BYTES, queryRows, withDuckdb } from "@/lib/datasets/duckdb-rows.ts";
import { jsonLines } from "@/lib/datasets/jsonl.ts";
import type { SourceRow } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";

/** A row and where it is, for messages. */
export interface PlacedRow {
  place: string;
  value: SourceRow;
}

/** Files of these names hold rows. */
export const DATA_FILE = /\.(jsonl|json|csv|tsv|parquet)(\.gz)?$/i;

/**
 * Rows of a file in their order. Values of CSV are text, an empty one is null.
 * @throws InputError when the file is of another kind, or is broken
 */
export async function* rowsOfFile(path: string): AsyncGenerator<PlacedRow> {
  const kind = DATA_FILE.exec(path)?.[1].toLowerCase();
  if (kind === undefined || kind === "parquet" && path.endsWith(".gz")) {
    throw new InputError(
      `${path} is no dataset that can be read here; give a .jsonl, .json, .csv or .parquet file, or a folder of them.`,
    );
  }
  if (kind === "jsonl") {
    for await (const { line, value } of jsonLines(path)) {
      yield { place: `${path} line ${line}`, value };
    }
    return;
  }
  let row = 0;
  for await (const value of scanned(path, kind)) yield { place: `${path} row ${++row}`, value };
}

/** How many rows there are; Parquet says it, others are read for it. */
export async function countRows(paths: readonly string[]): Promise<number> {
  let rows = 0;
  for (const path of paths) {
    if (path.endsWith(".parquet")) {
      const sql = `SELECT count(*)::DOUBLE AS rows FROM read_parquet(${literal(path)})`;
      for await (const counted of query(path, "Parquet", sql)) rows += counted.rows as number;
    } else for await (const _ of rowsOfFile(path)) rows++;
  }
  return rows;
}

async function* scanned(path: string, kind: string): AsyncGenerator<SourceRow> {
  const file = literal(path);
  if (kind === "parquet") {
    yield* query(path, "Parquet", `SELECT * FROM read_parquet(${file})`, makeRoomForGroup);
  } else if (kind === "json") {
    // As text: DuckDB would take texts that look like dates or numbers for such.
    const sql = `SELECT json FROM read_json_objects(${file}, format = 'auto')`;
    for await (const { json } of query(path, "JSON", sql)) {
      const value = JSON.parse(json as string);
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new InputError(`${path} has to hold JSON objects like {"prompt": …}.`);
      }
      yield value;
    }
  } else {
    const delimiter = kind === "tsv" ? "\\t" : ",";
    const sql =
      `SELECT * FROM read_csv(${file}, all_varchar = true, header = true, delim = '${delimiter}', ` +
      `quote = '"', escape = '"')`;
    yield* query(path, "CSV", sql);
  }
}

/**
 * Parquet is read a group of rows at a time, and whoever wrote it said how large these are: pandas makes groups of a
 * million rows. With one reader DuckDB needs the group as it is stored and as it is read.
 */
async function makeRoomForGroup(connection: DuckDBConnection, path: string): Promise<void> {
  const sizes = queryRows(
    connection,
    `SELECT max(bytes)::DOUBLE AS largest FROM (
       SELECT sum(total_uncompressed_size) AS bytes FROM parquet_metadata(${
      literal(path)
    }) GROUP BY row_group_id)`,
  );
  await connection.run("SET threads = 1");
  for await (const { largest } of sizes) {
    const room = 2.5 * ((largest as number | null) ?? 0) + 128e6;
    if (room > MEMORY_BYTES) await connection.run(`SET memory_limit = '${Math.ceil(room)}B'`);
  }
}

async function* query(
  path: string,
  format: string,
  sql: string,
  prepare?: (connection: DuckDBConnection, path: string) => Promise<void>,
): AsyncGenerator<SourceRow> {
  try {
    yield* withDuckdb(async function* (connection) {
      await prepare?.(connection, path);
      yield* queryRows(connection, sql);
    });
  } catch (error) {
    // What a reader of the rows throws does not come through here: generators hand over only their own errors.
    if (error instanceof InputError) throw error;
    const message = (error as Error).message.split("\n")[0].replace(/\.$/, "");
    throw new InputError(`${path} cannot be read as ${format}: ${message}.`);
  }
}
