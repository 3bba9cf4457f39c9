/**
 * Labels to tables of another DuckDB database: a file, or one of MotherDuck's.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { literal } from "@/lib/datasets/duckdb-rows.ts";
import { InputError } from "@/lib/errors.ts";
import { type DatasetFacts, datasetFacts } from "@/lib/publish/facts.ts";
import { completeOptions, type PreferenceOptions } from "@/lib/publish/options.ts";
import { prepare } from "@/lib/publish/prepare.ts";
import type { PublishOptions } from "@/lib/publish/publish-folder.ts";
import { beginStep } from "@/lib/publish/steps.ts";
import { type ConfigName, CONFIGS } from "@/lib/publish/tables.ts";
import { attached } from "@/lib/store/attached.ts";
import { type Store, withStore } from "@/lib/store/store.ts";

/** What was written. Counts are of pairs. */
export interface DatabasePublished {
  /** The file, or `md:NAME`. */
  out: string;
  sizes: DatasetFacts["sizes"];
  dropped: Record<string, number>;
}

/** A table's name in the database for each config. */
export const TABLES: Record<ConfigName, string> = {
  default: "preferences",
  original: "leetcode_problems",
};
/** Says that the tables are of this project, and of which options they were made. */
const MARK = "codepref_dataset";

/**
 * Writes `preferences` and `leetcode_problems`, a row a pair with the columns of the two configs and `split`, in one
 * transaction. Tables that were published there before are replaced.
 *
 * @param out a file, which is made where it is missing, or `md:NAME`
 * @throws InputError as `publishFolder`, and when the database has tables of these names that are not ours
 * @throws OperationError when it cannot be attached
 */
export async function publishDatabase(
  dbPath: string,
  out: string,
  { check, onStep, signal, ...given }: Omit<PublishOptions, "kind" | "onPreview"> = {},
): Promise<DatabasePublished> {
  const options = completeOptions(given), steps = { onStep, signal };
  if (!out.startsWith("md:")) {
    if (resolve(out) === resolve(dbPath)) {
      throw new InputError(`out=${out} is the database that is published; name another file.`);
    }
    await Deno.mkdir(dirname(resolve(out)), { recursive: true });
  }
  return await withStore(dbPath, async (store) => {
    const counts = await prepare(store, dbPath, options, steps);
    const facts = await datasetFacts(store, counts, "");
    check?.(facts);
    await attached(store, out, async (name) => {
      await checkTables(store, name, out);
      beginStep(steps, "writing the tables");
      await store.transaction(() => writeTables(store, name, options));
    });
    beginStep(steps, "done");
    return { out, sizes: facts.sizes, dropped: facts.dropped };
  }, { create: false });
}

async function writeTables(
  store: Store,
  name: string,
  options: PreferenceOptions,
): Promise<void> {
  for (const [config, table] of Object.entries(TABLES) as [ConfigName, string][]) {
    const columns = Object.keys(CONFIGS[config]).join(", ");
    await store.run(`CREATE OR REPLACE TABLE ${name}.main.${table} AS
      SELECT ${columns}, side AS split FROM published_${config} ORDER BY side, question, pair`);
  }
  await store.run(
    `CREATE OR REPLACE TABLE ${name}.main.${MARK} AS SELECT ${
      literal(JSON.stringify(options))
    }::JSON AS options`,
  );
}

async function checkTables(store: Store, name: string, out: string): Promise<void> {
  const rows = await store.rows<{ table_name: string }>(
    "SELECT table_name FROM duckdb_tables() WHERE database_name = $1",
    [name],
  );
  const there = rows.map(({ table_name }) => table_name);
  if (there.includes(MARK)) return;
  const taken = Object.values(TABLES).filter((table) => there.includes(table));
  if (taken.length === 0) return;
  throw new InputError(
    `${out} has a table ${
      taken[0]
    } that was not published from here; name another database with out=.`,
  );
}
