/**
 * What is published as the rows of two tables.
 *
 * @module
 */
import { literal } from "@/lib/datasets/duckdb-rows.ts";
import { type Column, COLUMNS, ORIGINAL_COLUMNS } from "@/lib/publish/columns.ts";
import { UNDECIDED } from "@/lib/publish/preferences.ts";
import type { Store } from "@/lib/store/store.ts";

/** The configs of a dataset; `default` is the one that is trained on. */
export const CONFIGS = { default: COLUMNS, original: ORIGINAL_COLUMNS } as const;
export type ConfigName = keyof typeof CONFIGS;
export type Side = "train" | "test";

/** What files a dataset's tables can be in: how DuckDB writes them. */
export const FILE_KINDS = {
  parquet: "FORMAT parquet, COMPRESSION zstd",
  csv: "FORMAT csv, HEADER",
  jsonl: "FORMAT json, ARRAY false",
} as const;
export type FileKind = keyof typeof FILE_KINDS;

/** Of the rows of `preferences` those of any config. */
export const PUBLISHED = `(dropped IS NULL OR dropped IN (${
  UNDECIDED.map((reason) => literal(reason)).join(", ")
}))`;

/** A code block; a longer fence where the code itself holds one. */
const FENCED = `
CREATE OR REPLACE TEMP MACRO fenced(code) AS
  (CASE WHEN contains(code, '\`\`\`') THEN '\`\`\`\`' ELSE '\`\`\`' END) || 'python' || chr(10)
  || trim(code, E'\\n\\r') || chr(10) || (CASE WHEN contains(code, '\`\`\`') THEN '\`\`\`\`' ELSE '\`\`\`' END)`;

/**
 * Leaves the temporary views `published_default` and `published_original`, with the columns of {@link CONFIGS}, `side`,
 * `question` and `pair`, over the tables of `preparePreferences`.
 */
export async function makeViews(store: Store): Promise<void> {
  await store.run(FENCED);
  await store.run(`
CREATE OR REPLACE TEMP VIEW published_default AS
SELECT ${selected(COLUMNS)}, side FROM (
  SELECT p.*, s.prompt, q.title, q.difficulty, q.source, q.licence, fenced(c.code) AS chosen,
    chosen AS completion,
    fenced(r.code) AS rejected, c.model AS chosen_model, r.model AS rejected_model
  FROM preferences p
  JOIN sides s USING (question)
  JOIN questions q ON q.slug = p.question
  JOIN generations c ON c.id = p.chosen_id
  JOIN generations r ON r.id = p.rejected_id
  WHERE p.dropped IS NULL
)`);
  await store.run(`
CREATE OR REPLACE TEMP VIEW published_original AS
SELECT ${selected(ORIGINAL_COLUMNS)}, side, question, pair FROM (
  SELECT p.pair, p.question, p.side, q.number AS id, q.difficulty, q.title, q.description, g1.code AS version1,
    g2.code AS version2, p.outcome AS preference
  FROM preferences p
  JOIN questions q ON q.slug = p.question
  JOIN generations g1 ON g1.id = p.id1
  JOIN generations g2 ON g2.id = p.id2
  WHERE ${PUBLISHED}
)`);
}

/** The file that holds a split of a config, relative to the folder. */
export const tableFile = (config: ConfigName, side: Side, kind: FileKind): string =>
  `${config === "default" ? "data" : config}/${side}-00000-of-00001.${kind}`;

/** The files of a split of a config, as a card names them. */
export const tableFiles = (config: ConfigName, side: Side, kind: FileKind): string =>
  tableFile(config, side, kind).replace(/-\d+-of-\d+/, "-*");

/** How large the splits of the configs are. */
export type Sizes = Record<ConfigName, Record<Side, number>>;

/** Rows of each split of each config, and bytes as Arrow has them in memory: what Python's `datasets` calls `num_bytes`. */
export async function measure(store: Store): Promise<{ sizes: Sizes; bytes: Sizes }> {
  const none = (): Sizes => ({ default: { train: 0, test: 0 }, original: { train: 0, test: 0 } });
  const sizes = none(), bytes = none();
  for (const config of Object.keys(CONFIGS) as ConfigName[]) {
    // Four bytes are a number, or where a text ends.
    const widths = Object.entries<Column>(CONFIGS[config])
      .map(([name, { type }]) => type === "int32" ? "4" : `4 + strlen(${name})`);
    const rows = await store.rows<{ side: Side; n: number; bytes: number }>(
      `SELECT side, count(*) AS n, sum(${widths.join(" + ")})::BIGINT AS bytes
       FROM published_${config} GROUP BY side`,
    );
    for (const row of rows) {
      sizes[config][row.side] = row.n;
      bytes[config][row.side] = row.bytes;
    }
  }
  return { sizes, bytes };
}

/** Writes a split of a config into a file, in an order that the labels' texts decide. */
export async function writeTable(
  store: Store,
  config: ConfigName,
  side: Side,
  path: string,
  kind: FileKind,
): Promise<void> {
  await store.run(
    `COPY (${tableRows(config, side)}) TO ${literal(path)} (${FILE_KINDS[kind]})`,
  );
}

/** The statement whose rows are a split of a config. */
export const tableRows = (config: ConfigName, side: Side): string =>
  `SELECT ${Object.keys(CONFIGS[config]).join(", ")} FROM published_${config}
   WHERE side = '${side}' ORDER BY question, pair`;

function selected(columns: Record<string, Column>): string {
  return Object.entries(columns)
    .map(([name, { type }]) => (type === "int32" ? `${name}::INTEGER AS ${name}` : name))
    .join(", ");
}
