/**
 * docs/reference/tables.md: tables and views of a database, from the statements that make them and their comments.
 *
 * @module
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { cell, codeCell, GENERATED, table } from "@/lib/documentation/markdown.ts";
import { SCHEMA, SCHEMA_VERSION } from "@/lib/store/schema.ts";

/** A table or view as DuckDB has it, with the comments of the statements. */
export interface DescribedTable {
  name: string;
  view: boolean;
  /** The comment lines above the statement. */
  comment: string;
  /** Its primary key and what else is unique. */
  constraints: string[];
  columns: { name: string; type: string; nullable: boolean; fallback: string; comment: string }[];
}

export async function tablesPage(): Promise<string> {
  const described = await describeTables();
  return [
    "# Tables",
    GENERATED,
    `One DuckDB file holds everything up to the datasets; this is version ${SCHEMA_VERSION} of its schema, made by ` +
    "[`lib/store/schema.ts`](../../lib/store/schema.ts). Rows that a person or a run speaks are only ever appended. " +
    "There are no foreign keys, because DuckDB refuses updates of rows that others refer to; the tests check what " +
    "refers to what. Time stamps are in UTC.",
    described.map(({ name }) => `[${name}](#${name})`).join(" · "),
    ...described.flatMap(section),
  ].join("\n\n") + "\n";
}

/** Tables in the order of their statements, then views. */
export async function describeTables(): Promise<DescribedTable[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = async <T>(query: string) =>
    (await connection.runAndReadAll(query)).getRowObjectsJson() as T[];
  try {
    await connection.run(SCHEMA);
    const columns = await rows<{
      table: string;
      view: boolean;
      name: string;
      type: string;
      nullable: boolean;
      fallback: string | null;
    }>(`
      SELECT c.table_name AS "table", c.table_name IN (SELECT view_name FROM duckdb_views()) AS "view",
             c.column_name AS name, c.data_type AS type, c.is_nullable AS nullable, c.column_default AS fallback
      FROM duckdb_columns() c WHERE c.schema_name = 'main' AND NOT c.internal ORDER BY c.table_name, c.column_index`);
    const constraints = await rows<{ table: string; text: string }>(`
      SELECT table_name AS "table", constraint_text AS text FROM duckdb_constraints()
      WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_index`);
    return statements().map(({ name, comment, body }) => {
      const own = columns.filter((column) => column.table === name);
      return {
        name,
        view: own.some(({ view }) => view),
        comment,
        constraints: constraints.filter((one) => one.table === name).map(({ text }) => text),
        columns: own.map(({ name, type, nullable, fallback }) => ({
          name,
          type,
          nullable,
          fallback: fallback ?? "",
          comment: body.match(new RegExp(`^\\s*${name}\\s[^\\n]*?--\\s*(.*)$`, "m"))?.[1] ??
            added(name) ?? "",
        })),
      };
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The comment behind a column that a later statement adds. */
function added(column: string): string | undefined {
  return SCHEMA.match(new RegExp(`ADD COLUMN IF NOT EXISTS ${column}\\s[^\\n]*?--\\s*(.*)$`, "m"))
    ?.[1];
}

/** What makes each table and view, with the comment lines above it. */
function statements(): { name: string; comment: string; body: string }[] {
  const made = /((?:^--[^\n]*\n)*)^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) (\w+)(.*?);$/gms;
  return [...SCHEMA.matchAll(made)].map(([, comment, name, body]) => ({
    name,
    comment: comment.replaceAll(/^--\s*/gm, "").trim(),
    body,
  }));
}

function section({ name, view, comment, constraints, columns }: DescribedTable): string[] {
  const parts = [`## ${name}`];
  if (comment) parts.push(cell(comment));
  const head = ["Column", "Type", ...view ? [] : ["NULL", "Default"], "Meaning"];
  parts.push(table(
    head,
    columns.map((column) => [
      codeCell(column.name),
      codeCell(column.type),
      ...view ? [] : [column.nullable ? "yes" : "no", codeCell(column.fallback)],
      cell(column.comment),
    ]),
  ));
  if (constraints.length > 0) parts.push(constraints.map(codeCell).join(", "));
  return parts;
}
