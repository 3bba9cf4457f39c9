/**
 * Short leases on the DuckDB file.
 *
 * One process at a time may hold a DuckDB file, so nobody keeps it: `withStore` opens it, runs the work,
 * and lets go. Waiting processes stand in a queue on an OS lock file beside the database, because DuckDB's
 * own lock is first come, first served by luck.
 *
 * @module
 */
import { DuckDBConnection, DuckDBInstance, type DuckDBValue, type Json } from "@duckdb/node-api";
import { dirname } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { SCHEMA, SCHEMA_VERSION } from "@/lib/store/schema.ts";
import { BusyError, takeTurn } from "@/lib/store/turn.ts";

/** A value as it is handed to, or comes from, a SQL statement. Objects and arrays travel as JSON text. */
export type SqlValue = string | number | bigint | boolean | null | SqlValue[] | {
  [key: string]: SqlValue;
};
export type Row = Record<string, SqlValue>;

/** What the work inside {@link withStore} may do with the database. */
export interface Store {
  /** Runs one statement with positional parameters (`$1`, `$2`, …). */
  run(sql: string, parameters?: SqlValue[]): Promise<void>;
  /** Rows of a query; 64-bit integers that fit become numbers, time stamps ISO strings, JSON columns text. */
  rows<T extends object = Row>(sql: string, parameters?: SqlValue[]): Promise<T[]>;
  /** The first row of a query, if there is one. */
  row<T extends object = Row>(sql: string, parameters?: SqlValue[]): Promise<T | undefined>;
  /** All of `work`, or, when it throws, none of it. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Inserts many rows at once. `conflict` is the text after `ON CONFLICT`, for instance `DO NOTHING`.
   * @returns how many rows were inserted or updated
   */
  insert(table: string, rows: Row[], conflict?: string): Promise<number>;
}

/** Options of {@link withStore}. */
export interface StoreOptions {
  /** How long to wait for another process to let go of the file; default 30 seconds. */
  waitSeconds?: number;
  /** Whether a missing file is made; default true. */
  create?: boolean;
}

const CONFIG = { autoinstall_known_extensions: "false", autoload_known_extensions: "false" };

/**
 * Opens the database, runs `work` on it and closes it again. Calls queue up, within one process and between
 * processes.
 *
 * @throws InputError when the file is missing and `create` is false, is no DuckDB database, or is of a newer schema
 * @throws BusyError when another program holds the file for longer than `waitSeconds`
 */
export async function withStore<T>(
  path: string,
  work: (store: Store) => Promise<T>,
  { waitSeconds = 30, create = true }: StoreOptions = {},
): Promise<T> {
  if (!create) await requireDatabase(path);
  const deadline = performance.now() + waitSeconds * 1000;
  return await inTurn(path, () => opened(path, deadline, work), waitSeconds);
}

/**
 * Runs `work` while no other codepref process has the database, which is not opened: for who replaces the file.
 * @throws BusyError as {@link withStore}
 */
export async function inTurn<T>(
  path: string,
  work: () => Promise<T>,
  waitSeconds = 30,
): Promise<T> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const turn = await takeTurn(path, waitSeconds);
  try {
    return await work();
  } finally {
    turn.end();
  }
}

/** Opens the file for `work`, for who has the turn. */
export async function opened<T>(
  path: string,
  deadline: number,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { store, close } = await openStore(path, deadline);
  try {
    return await work(store);
  } finally {
    close();
  }
}

/**
 * Opens the file, for who has the turn and closes it before passing that on.
 * @param deadline on the clock of `performance.now()`, for waiting for a program outside the queue
 */
export async function openStore(
  path: string,
  deadline: number,
): Promise<{ store: Store; close: () => void }> {
  const instance = await openBefore(path, deadline);
  try {
    const connection = await instance.connect();
    try {
      await connection.run("PRAGMA disable_checkpoint_on_shutdown");
      await migrate(connection, path);
    } catch (error) {
      connection.closeSync();
      throw error;
    }
    const close = () => {
      connection.closeSync();
      instance.closeSync();
    };
    return { store: storeOn(connection), close };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** @throws InputError when there is no file at `path` */
export async function requireDatabase(path: string): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `There is no database at ${path}; make one with: deno task import db=${path}`,
    );
  }
}

/** Opens the file, trying again while a program outside our queue holds it. */
async function openBefore(path: string, deadline: number): Promise<DuckDBInstance> {
  while (true) {
    try {
      return await DuckDBInstance.fromCache(path, CONFIG);
    } catch (error) {
      const message = (error as Error).message;
      if (/not a valid DuckDB database file/.test(message)) {
        throw new InputError(`${path} is not a DuckDB database; name another file with db=PATH.`);
      }
      const holder = message.match(/Conflicting lock is held in (.+?) \(PID (\d+)\)/);
      if (!holder) throw error;
      if (performance.now() > deadline) {
        const name = `${holder[1]}, PID ${holder[2]}`;
        throw new BusyError(
          `${path} is locked by another program (${name}); close it there and try again.`,
          name,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const migrated = new Set<string>();

async function migrate(connection: DuckDBConnection, path: string): Promise<void> {
  const identity = await fileIdentity(path);
  if (identity && migrated.has(identity)) return;
  const tables = await connection.runAndReadAll(
    "SELECT 1 FROM information_schema.tables WHERE table_name = 'settings'",
  );
  if (tables.currentRowCount > 0) {
    const found = await connection.runAndReadAll(
      "SELECT value FROM settings WHERE key = 'schema_version'",
    );
    const version = Number(found.getRowsJS()[0]?.[0] ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new InputError(
        `${path} was written by a newer codepref (schema ${version}, this one knows ${SCHEMA_VERSION}); update codepref.`,
      );
    }
  }
  await connection.run("BEGIN");
  await connection.run(SCHEMA);
  await connection.run(
    "INSERT INTO settings VALUES ('schema_version', $1::JSON) ON CONFLICT DO UPDATE SET value = excluded.value",
    [String(SCHEMA_VERSION)],
  );
  await connection.run("COMMIT");
  if (identity) migrated.add(identity);
}

/** Path and inode, so that a file that was deleted and made again is migrated again. */
async function fileIdentity(path: string): Promise<string | undefined> {
  const { ino } = await Deno.stat(path);
  return ino === null ? undefined : `${path}#${ino}`;
}

function storeOn(connection: DuckDBConnection): Store {
  const bind = (values: SqlValue[] = []) =>
    values.map((
      v,
    ) => (typeof v === "object" && v !== null ? JSON.stringify(v) : v)) as DuckDBValue[];
  const store: Store = {
    async run(sql, parameters) {
      await connection.run(sql, bind(parameters));
    },
    async rows<T extends object>(sql: string, parameters?: SqlValue[]) {
      const result = await connection.runAndReadAll(sql, bind(parameters));
      const names = result.columnNames();
      const types = result.columnTypes().map(String);
      return result.getRowObjectsJson().map((row) => plain(row, names, types)) as T[];
    },
    async row<T extends object>(sql: string, parameters?: SqlValue[]) {
      return (await store.rows<T>(sql, parameters))[0];
    },
    async transaction(work) {
      await connection.run("BEGIN");
      try {
        const result = await work();
        await connection.run("COMMIT");
        return result;
      } catch (error) {
        await connection.run("ROLLBACK");
        throw error;
      }
    },
    async insert(table, rows, conflict) {
      if (rows.length === 0) return 0;
      const columns = Object.keys(rows[0]);
      const types = new Map(
        (await store.rows<{ column_name: string; data_type: string }>(
          "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1",
          [table],
        )).map((c) => [c.column_name, c.data_type]),
      );
      const structure = JSON.stringify([
        Object.fromEntries(columns.map((c) => [c, types.get(c) ?? "VARCHAR"])),
      ]);
      const result = await connection.run(
        `INSERT INTO ${table} (${columns.join(", ")})
         SELECT ${columns.map((c) => `r.${c}`).join(", ")}
         FROM (SELECT unnest(from_json($1::JSON, '${structure}')) AS r)
         ${conflict ? `ON CONFLICT ${conflict}` : ""}`,
        [JSON.stringify(rows, (_, v) => (typeof v === "bigint" ? v.toString() : v))],
      );
      return result.rowsChanged;
    },
  };
  return store;
}

function plain(row: Record<string, Json>, names: string[], types: string[]): Row {
  const out: Row = {};
  names.forEach((name, i) => {
    const value = row[name] as SqlValue;
    if (value !== null && /^(BIGINT|HUGEINT|UBIGINT|DECIMAL)/.test(types[i])) {
      const number = Number(value);
      out[name] = Number.isSafeInteger(number) || types[i].startsWith("DECIMAL")
        ? number
        : BigInt(value as string);
    } else if (value !== null && types[i].startsWith("TIMESTAMP")) {
      out[name] = String(value).replace(" ", "T") + "Z";
    } else out[name] = value;
  });
  return out;
}
