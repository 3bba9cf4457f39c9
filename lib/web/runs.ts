/**
 * Training runs as the web app shows them.
 *
 * A run that is looked at is kept in memory with the lines of its metrics, so that each look reads what was
 * appended since the one before, however many look.
 *
 * @module
 */
import { join } from "node:path";
import { HttpError } from "fresh";
import type { MetricRecord } from "@/lib/charts/metric-lines.ts";
import { GrowingLines, lastLines } from "@/lib/evaluation/growing-lines.ts";
import { isMissing, readRunConfig } from "@/lib/evaluation/run-config.ts";
import { type RunFigure, runFigures } from "@/lib/evaluation/run-figures.ts";
import {
  findRun,
  listRuns,
  type RunEntry,
  type RunPlace,
  startOf,
} from "@/lib/evaluation/run-list.ts";
import { type RunStanding, runStanding } from "@/lib/evaluation/run-state.ts";
import type { SampleLine } from "@/lib/trainers/samples.ts";
import { visibleText } from "@/lib/web/visible.ts";

/** Runs in the folders that the app was told. */
export interface Runs {
  list(): Promise<RunList>;
  /** @throws HttpError 404 where there is no such run */
  view(dir: string, name: string): Promise<RunView>;
  /** The HTML of a run's report. @throws HttpError 404 where there is none */
  report(dir: string, name: string): Promise<string>;
}

/** The page of all runs. */
export interface RunList {
  runs: RunEntry[];
  /** The folders that were looked in. */
  localDirs: readonly string[];
  /** ISO time of the look. */
  now: string;
}

/** The page of one run. */
export interface RunView extends Omit<RunPlace, "folder">, RunStanding {
  /** Another text whenever the view is another, but for the time of the look. */
  version: string;
  lossName: string | null;
  started: string;
  now: string;
  /** Lines of metrics.jsonl that cannot be read. */
  broken: number;
  figures: RunFigure[];
  /** Of the last evaluation. */
  samples: Pick<SampleLine, "examples" | "prompt" | "policy" | "reference">[];
  settings: [key: string, value: string][];
  /** Whether there is a report.html. */
  report: boolean;
}

/** So many runs stay in memory, those that were looked at last. */
const KEPT = 4;
const SAMPLES_BYTES = 256 * 1024;

/** Runs of the folders `localDirs`. */
export function runsOf(localDirs: readonly string[]): Runs {
  const watched = new Map<string, WatchedRun>();

  const place = async (dir: string, name: string): Promise<RunPlace> => {
    const found = /^\d{1,3}$/.test(dir) && await findRun(localDirs, Number(dir), name);
    if (found) return found;
    throw new HttpError(404, "There is no training run of this name; /runs lists those there are.");
  };

  return {
    list: async () => ({
      runs: await listRuns(localDirs),
      localDirs,
      now: new Date().toISOString(),
    }),
    async view(dir, name) {
      const found = await place(dir, name);
      const run = watched.get(found.folder) ?? new WatchedRun(found);
      watched.delete(found.folder);
      watched.set(found.folder, run);
      for (const [oldest] of [...watched].slice(0, -KEPT)) watched.delete(oldest);
      return await run.look();
    },
    async report(dir, name) {
      const { folder } = await place(dir, name);
      try {
        return await Deno.readTextFile(join(folder, "report.html"));
      } catch (error) {
        if (!isMissing(error)) throw error;
        throw new HttpError(404, "This run has no report yet; it is written at each evaluation.");
      }
    },
  };
}

/** A run that somebody looks at. */
class WatchedRun {
  readonly #place: RunPlace;
  readonly #metrics: GrowingLines<MetricRecord>;
  #last: Promise<unknown> = Promise.resolve();
  #drawn: { of: string; figures: RunFigure[] } = { of: "", figures: [] };

  constructor(place: RunPlace) {
    this.#place = place;
    this.#metrics = new GrowingLines(join(place.folder, "metrics.jsonl"));
  }

  /** One look after the other: they share what was read. */
  look(): Promise<RunView> {
    const view = this.#last.then(() => this.#look());
    this.#last = view.catch(() => {});
    return view;
  }

  async #look(): Promise<RunView> {
    const { dir, name, folder } = this.#place;
    await this.#metrics.update();
    const { lines, broken, version } = this.#metrics;
    const config = await readRunConfig(folder);
    const standing = await runStanding(folder, lines, config?.totalExamples ?? null);
    const report = await changed(join(folder, "report.html"));
    const sampled = await changed(join(folder, "samples.jsonl"));
    const started = await startOf(folder);
    return {
      dir,
      name,
      version: [started, version, standing.state, report, sampled].join(),
      ...standing,
      lossName: config?.loss ?? null,
      started,
      now: new Date().toISOString(),
      broken,
      figures: this.#figures(config?.loss ?? "", lines),
      samples: await lastSamples(folder),
      settings: Object.entries(config?.settings ?? {}).map(([key, value]) => [
        key,
        visibleText(typeof value === "string" ? value : JSON.stringify(value)),
      ]),
      report: report !== null,
    };
  }

  /** Drawn once for each state of the metrics. */
  #figures(loss: string, records: MetricRecord[]): RunFigure[] {
    const of = `${loss} ${this.#metrics.version}`;
    if (this.#drawn.of !== of) this.#drawn = { of, figures: runFigures({ loss, records }) };
    return this.#drawn.figures;
  }
}

async function lastSamples(folder: string): Promise<RunView["samples"]> {
  const lines = await lastLines<SampleLine>(join(folder, "samples.jsonl"), SAMPLES_BYTES);
  const last = lines.at(-1)?.examples;
  return lines.filter(({ examples }) => examples === last).map((line) => ({
    examples: line.examples,
    prompt: visibleText(line.prompt),
    policy: visibleText(line.policy),
    reference: line.reference && visibleText(line.reference),
  }));
}

/** When a file was last written; null where there is none. */
async function changed(path: string): Promise<number | null> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
