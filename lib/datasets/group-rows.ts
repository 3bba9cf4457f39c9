/**
 * Rows by prompt. Their texts lie in a file, and DuckDB sorts their places, so that memory does not grow with them.
 *
 * @module
 */
import { join } from "node:path";
import { promptKey } from "@/lib/datasets/digest.ts";
import { queryRows, withDuckdb } from "@/lib/datasets/duckdb-rows.ts";
import { LineFile } from "@/lib/datasets/line-file.ts";
import type { RowPreferences } from "@/lib/datasets/source-row.ts";

/** What a row says, and its number in the data's order. */
export interface OrderedRow {
  position: number;
  row: RowPreferences;
}

const BY_PROMPT = `
WITH firsts AS (SELECT prompt, min(position) AS first FROM rows GROUP BY prompt)
SELECT prompt, start, bytes FROM rows JOIN firsts USING (prompt) ORDER BY first, position`;

/** So many rows the appender holds back at most: what it holds cannot go to the disk. */
const FLUSHED_ROWS = 1 << 14;

/** For each prompt its rows, in their order; prompts in the order of their first rows. */
export function groupRows(rows: AsyncIterable<OrderedRow>): AsyncGenerator<RowPreferences[]> {
  return withDuckdb(async function* (connection, folder) {
    await connection.run(
      "CREATE TABLE rows (position DOUBLE, prompt TEXT, start DOUBLE, bytes DOUBLE)",
    );
    using texts = LineFile.create(join(folder, "rows.jsonl"));
    const appender = await connection.createAppender("rows");
    try {
      let waiting = 0;
      for await (const { position, row } of rows) {
        const { start, bytes } = texts.append(JSON.stringify(row));
        appender.appendDouble(position);
        appender.appendVarchar(promptKey(row.prompt));
        appender.appendDouble(start);
        appender.appendDouble(bytes);
        appender.endRow();
        if (++waiting % FLUSHED_ROWS === 0) appender.flushSync();
      }
    } finally {
      appender.closeSync();
    }
    let group: RowPreferences[] = [], of: unknown = null;
    for await (const { prompt, start, bytes } of queryRows(connection, BY_PROMPT)) {
      if (prompt !== of && group.length > 0) {
        yield group;
        group = [];
      }
      of = prompt;
      group.push(JSON.parse(texts.read(start as number, bytes as number)));
    }
    if (group.length > 0) yield group;
  });
}
