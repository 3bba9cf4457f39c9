/**
 * Parquet files through an in-memory DuckDB.
 *
 * @module
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { InputError } from "@/lib/errors.ts";

/**
 * Rows of Parquet files in their order. `columns` narrows down what is read once the names are known.
 * @throws InputError when a file is no Parquet
 */
export async function parquetRows(
  files: string[],
  columns: (found: string[]) => string[],
): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    try {
      const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ");
      const described = await connection.runAndReadAll(
        `DESCRIBE SELECT * FROM read_parquet([${list}])`,
      );
      const names = columns(described.getRowObjectsJS().map((row) => String(row.column_name)));
      const wanted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
      const result = await connection.runAndReadAll(
        `SELECT ${wanted} FROM read_parquet([${list}])`,
      );
      return result.getRowObjectsJS();
    } finally {
      connection.closeSync();
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${files[0]} cannot be read as Parquet: ${firstLine(error)}.`);
  } finally {
    instance.closeSync();
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0].replace(/\.$/, "");
}
