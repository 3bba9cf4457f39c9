/**
 * A dataset in a DuckDB database: a file that `deno task publish format=duckdb` wrote, the original project's, or a
 * database or share of MotherDuck's. It is attached read-only, and its rows become Parquet files in the cache.
 *
 * @module
 */
import { join } from "node:path";
import { readAnyFormat } from "@/lib/datasets/any-format.ts";
import { filesDigest } from "@/lib/datasets/digest.ts";
import { literal, queryRows, withDuckdb } from "@/lib/datasets/duckdb-rows.ts";
import type { SplitFiles } from "@/lib/datasets/folder.ts";
import { readLeetcodePreference } from "@/lib/datasets/leetcode-preference.ts";
import { removeFolder } from "@/lib/datasets/replace-folder.ts";
import type { ReadRow } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";
import { attached, isMotherDuck } from "@/lib/store/attached.ts";

/** Whether a dataset's name is that of a database. */
export const isDatabase = (name: string): boolean =>
  isMotherDuck(name) || /\.(?:duckdb|ddb)$/i.test(name);

/** Tables that are read, the first that is there, each with what its rows mean. */
const TABLES: readonly (readonly [table: string, read: ReadRow])[] = [
  ["preferences", readAnyFormat],
  ["leetcode_problems", readLeetcodePreference],
];

/** The files of a database's dataset. */
export interface DatabaseFiles {
  /** Absolute paths. */
  files: SplitFiles;
  digest: string;
  read: ReadRow;
}

/**
 * Reads the table `preferences`, or else `leetcode_problems`. A column `split` (train, test) divides it. The same rows
 * give the same files, whatever their order.
 *
 * @param target a file, `md:NAME`, or `md:_share/NAME/ID`
 * @throws InputError where there is no such table, and for a database in which labels are made
 * @throws OperationError when it cannot be attached
 */
export async function databaseFiles(target: string, cacheFolder: string): Promise<DatabaseFiles> {
  const parent = join(cacheFolder, "databases");
  await Deno.mkdir(parent, { recursive: true });
  const partial = await Deno.makeTempDir({ dir: parent, prefix: ".partial-" });
  try {
    const { names, read } = await firstOf(withDuckdb(async function* (connection) {
      const run = async (sql: string) => void await connection.run(sql);
      const rows = (sql: string) => Array.fromAsync(queryRows(connection, sql));
      yield await attached({ run }, target, async (name) => {
        const columns = await rows(
          `SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = '${name}'`,
        );
        const [table, read] = chosen(target, columns.map(({ table_name }) => String(table_name)));
        const divided = columns.some((column) =>
          column.table_name === table && column.column_name === "split"
        );
        const from = `${name}.main.${table}`;
        const splits = divided
          ? (await rows(`SELECT DISTINCT split FROM ${from} ORDER BY split`)).map(splitIn(target))
          : [null];
        const names = [];
        for (const split of splits) {
          const where = split === null ? "" : `WHERE split = '${split}'`;
          const path = `${split ?? "train"}.parquet`;
          await run(
            `COPY (SELECT * ${divided ? "EXCLUDE (split)" : ""} FROM ${from} ${where} ORDER BY ALL)
             TO ${literal(join(partial, path))} (FORMAT parquet)`,
          );
          names.push(path);
        }
        return { names, read };
      }, { readOnly: true });
    }));
    const digest = await filesDigest(partial, names);
    const folder = join(parent, digest);
    await keep(partial, folder);
    const file = (split: string) =>
      names.includes(`${split}.parquet`) ? [join(folder, `${split}.parquet`)] : undefined;
    return { files: { train: file("train"), test: file("test") }, digest, read };
  } finally {
    await removeFolder(partial);
  }
}

function chosen(target: string, tables: readonly string[]): typeof TABLES[number] {
  if (tables.includes("labels") && tables.includes("generations")) {
    throw new InputError(
      `${target} is a database in which labels are made; make a dataset of it with: deno task publish db=${target}`,
    );
  }
  const found = TABLES.find(([table]) => tables.includes(table));
  if (found) return found;
  throw new InputError(
    `${target} has no table ${TABLES.map(([table]) => table).join(" or ")}; it has ${
      [...new Set(tables)].join(", ") || "none"
    }.`,
  );
}

const splitIn = (target: string) => ({ split }: Record<string, unknown>): string => {
  if (split === "train" || split === "test") return split;
  throw new InputError(
    `${target}: the column split has to hold train or test, found ${JSON.stringify(split)}.`,
  );
};

async function firstOf<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) return value;
  throw new Error("there is none");
}

/** Gives the folder its name, unless another process was quicker. */
async function keep(partial: string, folder: string): Promise<void> {
  try {
    await Deno.rename(partial, folder);
  } catch (error) {
    if (!(await Deno.stat(folder).catch(() => null))?.isDirectory) throw error;
  }
}
