/**
 * The tables `runs` and `metrics`: what run folders say, for those who ask in SQL.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import type { MetricRecord } from "@/lib/charts/metric-lines.ts";
import { GrowingLines } from "@/lib/evaluation/growing-lines.ts";
import { isMissing, readJson } from "@/lib/evaluation/run-config.ts";
import type { RunState } from "@/lib/evaluation/run-state.ts";
import { type Row, type SqlValue, type Store, withStore } from "@/lib/store/store.ts";

/** Rows of one INSERT. */
const ROWS = 20_000;

/** Copies a run's metrics into a database, each time what was written since the last. */
export class RunTables {
  readonly #metrics: GrowingLines<MetricRecord>;
  /** Lines that are in the database. */
  #copied = 0;

  /**
   * @param db the database; where there is none, nothing is copied
   * @param folder the run folder, which names the run
   */
  constructor(readonly db: string, readonly folder: string) {
    this.#metrics = new GrowingLines(join(folder, "metrics.jsonl"));
  }

  /**
   * Copies what is new; what could not be copied is the next time.
   *
   * @param waitSeconds how long another process may keep the database
   * @returns why nothing was copied, in a sentence; null where all was, or there is no database
   */
  async copy(state: RunState, waitSeconds: number): Promise<string | null> {
    try {
      if (!await exists(this.db)) return null;
      await this.#metrics.update();
      const { lines } = this.#metrics;
      await withStore(
        this.db,
        (store) => this.#insert(store, state, lines),
        { create: false, waitSeconds },
      );
      this.#copied = lines.length;
      return null;
    } catch (error) {
      // All is in the run folder: whatever ails the database, training goes on.
      return `The metrics are not in ${this.db} yet: ${(error as Error).message}`;
    }
  }

  #insert(store: Store, status: RunState, lines: readonly MetricRecord[]): Promise<void> {
    const id = basename(resolve(this.folder));
    return store.transaction(async () => {
      const run = { id, exp_name: id, folder: this.folder, config: {}, status };
      await store.insert(
        "runs",
        [{ ...run, ...await this.#config() }],
        "(id) DO UPDATE SET status = excluded.status",
      );
      // What a run has said once stays: going on from a checkpoint, it says the same again.
      const rows = metricRows(id, lines.slice(this.#copied));
      for (let at = 0; at < rows.length; at += ROWS) {
        await store.insert("metrics", rows.slice(at, at + ROWS), "DO NOTHING");
      }
    });
  }

  async #config(): Promise<Row> {
    const config = await readJson(join(this.folder, "config.json")) as Row | undefined;
    return config ? { exp_name: config.exp_name as SqlValue, config } : {};
  }
}

/** One row a number; the last one where a line repeats what another said after as many examples. */
function metricRows(run: string, records: readonly MetricRecord[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { examples, ...metrics } of records) {
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(examples) || !Number.isFinite(value)) continue;
      rows.set(`${examples} ${name}`, {
        run,
        examples: examples as number,
        name,
        value: value as number,
      });
    }
  }
  return [...rows.values()];
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
