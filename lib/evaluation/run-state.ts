/**
 * Whether a run goes on, and how far it is.
 *
 * @module
 */
import { join } from "node:path";
import type { MetricRecord } from "@/lib/charts/metric-lines.ts";
import { isMissing, readJson } from "@/lib/evaluation/run-config.ts";

/** `waiting`: its process is there and has not measured anything yet. `stopped`: interrupted, killed or failed. */
export type RunState = "waiting" | "running" | "stopped" | "finished";

/** Where a run stands, from the newest of its metrics. Losses in nats, accuracies from 0 to 1. */
export interface RunStanding {
  state: RunState;
  examples: number;
  /** Null where it is not known. */
  total: number | null;
  /** In training; held out where nothing was trained yet. */
  loss: number | null;
  accuracy: number | null;
  tokensPerSecond: number | null;
  /** Seconds to the end at the speed of the last steps; null where nothing runs or it is not known. */
  secondsLeft: number | null;
  /** ISO time of the newest metrics. */
  measured: string | null;
}

/** Steps whose speed tells the time that is left. */
const RECENT = 50;

/** Whether a process is training in the folder. It holds the lock of the folder to itself. */
export async function isTraining(folder: string): Promise<boolean> {
  try {
    using file = await Deno.open(join(folder, "run.lock"));
    return !await file.tryLock(false);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** @param records the newest lines of metrics.jsonl, as many as are at hand */
export async function runStanding(
  folder: string,
  records: readonly MetricRecord[],
  total: number | null,
): Promise<RunStanding> {
  const examples = newest(records, "examples") ?? 0;
  const state = await stateOf(folder, records.length > 0, total !== null && examples >= total);
  return {
    state,
    examples,
    total,
    loss: newest(records, "loss/train") ?? newest(records, "loss/eval"),
    accuracy: newest(records, "rewards_train/accuracies") ??
      newest(records, "rewards_eval/accuracies"),
    tokensPerSecond: newest(records, "tokens_per_second"),
    secondsLeft: state === "running" && total !== null ? secondsLeft(records, total) : null,
    measured: String(records.at(-1)?.time ?? "") || null,
  };
}

async function stateOf(folder: string, measured: boolean, all: boolean): Promise<RunState> {
  if (await isFinished(folder)) return "finished";
  if (await isTraining(folder)) return measured ? "running" : "waiting";
  // A run that saves nothing leaves no word of its end.
  return all ? "finished" : "stopped";
}

/** Whether the newest checkpoint is that of the run's end. */
async function isFinished(folder: string): Promise<boolean> {
  const steps: number[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const match = isDirectory && name.match(/^step-(\d+)$/);
    if (match) steps.push(Number(match[1]));
  }
  if (steps.length === 0) return false;
  const newestStep = steps.reduce((a, b) => Math.max(a, b));
  const state = await readJson(join(folder, `step-${newestStep}`, "trainer.json"));
  return (state as { finished?: unknown } | undefined)?.finished === true;
}

function newest(records: readonly MetricRecord[], metric: string): number | null {
  const value = records.findLast((record) => Number.isFinite(record[metric]))?.[metric];
  return value === undefined ? null : value as number;
}

function secondsLeft(records: readonly MetricRecord[], total: number): number | null {
  const recent = records.slice(-RECENT);
  const [first, last] = [recent[0], recent[recent.length - 1]];
  const examples = Number(last.examples) - Number(first.examples);
  const seconds = (Date.parse(String(last.time)) - Date.parse(String(first.time))) / 1000;
  if (!(examples > 0 && seconds > 0)) return null;
  return Math.max(0, total - Number(last.examples)) * seconds / examples;
}
