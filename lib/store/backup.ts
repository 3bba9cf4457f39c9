/**
 * Copies of the database, made and put back while others use it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { inTurn, opened, type Store, withStore } from "@/lib/store/store.ts";
import { queueFiles } from "@/lib/store/turn.ts";

/** How many rows each table has. */
export type RowCounts = Record<string, number>;

/**
 * Copies a database as it is at one moment into a new file. Others wait meanwhile, and lose nothing.
 *
 * A copy of the file alone would lack what is still in its write-ahead log.
 *
 * @param out the copy's path; appears when it is whole
 * @returns the rows of each table
 * @throws InputError when there is no database, or something is at `out` already
 * @throws OperationError as {@link withStore}
 */
export async function backup(db: string, out: string): Promise<RowCounts> {
  if (existsSync(out)) throw new InputError(`${out} is there already; name another out=.`);
  await Deno.mkdir(dirname(out), { recursive: true });
  const partial = `${out}.${crypto.randomUUID()}.partial`;
  try {
    const counts = await withStore(db, async (store) => {
      const [{ name }] = await store.rows<{ name: string }>("SELECT current_database() AS name");
      await store.run(`ATTACH ${quoted(partial)} AS backup_copy`);
      await store.run(`COPY FROM DATABASE ${identifier(name)} TO backup_copy`);
      await store.run("CHECKPOINT backup_copy");
      await store.run("DETACH backup_copy");
      return await rowCounts(store);
    }, { create: false });
    await syncFile(partial);
    await Deno.rename(partial, out);
    return counts;
  } catch (error) {
    for (const path of [partial, `${partial}.wal`]) await Deno.remove(path).catch(ignoreMissing);
    throw error;
  }
}

/** What became of a database that another took the place of. */
export interface Restored {
  counts: RowCounts;
  /** Where the former database is; undefined where there was none. */
  former?: string;
}

/**
 * Puts a backup in the place of a database. The former one is kept beside it.
 *
 * @throws InputError when the backup is missing, is no database of codepref's, or is of a newer schema; the database
 *   stays as it was
 * @throws OperationError as {@link withStore}
 */
export async function restore(from: string, db: string): Promise<Restored> {
  if (!existsSync(from)) throw new InputError(`there is no backup at ${from}.`);
  await Deno.mkdir(dirname(db), { recursive: true });
  const partial = `${db}.${crypto.randomUUID()}.partial`;
  const pieces = [partial, `${partial}.wal`, ...queueFiles(partial)];
  try {
    await Deno.copyFile(from, partial);
    const counts = await withStore(partial, async (store) => {
      await store.run("CHECKPOINT");
      return await rowCounts(store);
    }).catch((error) => {
      throw error instanceof InputError
        ? new InputError(error.message.replaceAll(partial, from))
        : error;
    });
    await syncFile(partial);
    return await inTurn(db, async () => {
      if (!existsSync(db)) {
        await Deno.rename(partial, db);
        return { counts };
      }
      // What is in the log belongs to the former file; the new one must not find it.
      await opened(db, performance.now() + 30_000, (store) => store.run("CHECKPOINT"));
      const former = `${db}.before-${new Date().toISOString().replaceAll(":", "-")}`;
      await Deno.link(db, former);
      await Deno.remove(`${db}.wal`).catch(ignoreMissing);
      await Deno.rename(partial, db);
      return { counts, former };
    });
  } finally {
    for (const path of pieces) await Deno.remove(path).catch(ignoreMissing);
  }
}

async function rowCounts(store: Store): Promise<RowCounts> {
  const tables = await store.rows<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY 1",
  );
  const counts: RowCounts = {};
  for (const { name } of tables) {
    counts[name] = (await store.row<{ n: number }>(
      `SELECT count(*) AS n FROM ${identifier(name)}`,
    ))!.n;
  }
  return counts;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
