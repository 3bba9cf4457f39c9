/**
 * What a run folder tells: its settings, its metrics, its checkpoint.
 *
 * @module
 */
import { join } from "node:path";
import { metricPoints, type MetricRecord } from "@/lib/charts/metric-lines.ts";
import { InputError } from "@/lib/errors.ts";
import {
  isMissing,
  readJson,
  readRunConfig,
  readText,
  type RunConfiguration,
} from "@/lib/evaluation/run-config.ts";

/** An answer to one question, before and after training. */
export interface Sample {
  title: string;
  prompt: string;
  before: string;
  after: string;
}

/** The first and the last value of one metric; equal when it was measured once. */
export interface BeforeAfter {
  before: number;
  after: number;
}

/** Metrics of held-out examples that a report compares. */
export const HELD_OUT_METRICS = [
  "loss/eval",
  "rewards_eval/accuracies",
  "rewards_eval/margins",
  "rewards_eval/chosen",
  "rewards_eval/rejected",
  "logps_eval/chosen",
  "logps_eval/rejected",
] as const;

/** One training run, read from its folder. */
export interface RunSummary extends RunConfiguration {
  folder: string;
  /** All lines of metrics.jsonl. */
  records: MetricRecord[];
  /** Examples and updates so far. */
  examples: number;
  updates: number;
  /** Held-out metrics by name, those that were measured. */
  heldOut: Partial<Record<typeof HELD_OUT_METRICS[number], BeforeAfter>>;
  trainLoss?: BeforeAfter;
  /** Mean over the updates. */
  tokensPerSecond?: number;
  peakMemoryBytes?: number;
  /** The newest complete checkpoint's policy, as `model.archive=` takes it. */
  policy?: string;
  samples: Sample[];
}

/**
 * Reads `config.json`, `metrics.jsonl`, `LATEST` and, where there is one, `samples.json`.
 * @throws InputError when the folder holds no run, or a file in it is broken
 */
export async function summarizeRun(folder: string): Promise<RunSummary> {
  const config = await readRunConfig(folder);
  if (!config) {
    throw new InputError(
      `${folder} holds no training run (no config.json); give the folder that training printed, such as runs/NAME_TIME.`,
    );
  }
  const records = await readMetrics(join(folder, "metrics.jsonl"));
  const heldOut: RunSummary["heldOut"] = {};
  for (const metric of HELD_OUT_METRICS) {
    const values = beforeAfter(records, metric);
    if (values) heldOut[metric] = values;
  }
  const speeds = metricPoints(records, "tokens_per_second").map(({ value }) => value);
  const latest = await readLink(join(folder, "LATEST"));
  return {
    ...config,
    folder,
    records,
    examples: largest(records, "examples") ?? 0,
    updates: largest(records, "updates") ?? largest(records, "counters/updates") ?? 0,
    heldOut,
    trainLoss: beforeAfter(records, "loss/train"),
    tokensPerSecond: speeds.length > 0
      ? speeds.reduce((sum, value) => sum + value, 0) / speeds.length
      : undefined,
    peakMemoryBytes: largest(records, "peak_memory_bytes"),
    policy: latest === undefined ? undefined : join(folder, "LATEST", "policy"),
    samples: (await readJson(join(folder, "samples.json")) ?? []) as Sample[],
  };
}

/** Whether a run trained or was measured on labels that nobody gave. */
export function usesSyntheticLabels({ datasets }: Pick<RunSummary, "datasets">): boolean {
  return datasets.some(({ labelerKinds }) => (labelerKinds?.synthetic ?? 0) > 0);
}

function beforeAfter(records: MetricRecord[], metric: string): BeforeAfter | undefined {
  const points = metricPoints(records, metric);
  if (points.length === 0) return undefined;
  return { before: points[0].value, after: points[points.length - 1].value };
}

function largest(records: MetricRecord[], metric: string): number | undefined {
  const values = records.map((record) => record[metric]).filter(Number.isFinite) as number[];
  return values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : undefined;
}

/** Complete lines; one that is still being written is left for later. */
async function readMetrics(path: string): Promise<MetricRecord[]> {
  const text = await readText(path) ?? "";
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as MetricRecord];
    } catch (error) {
      throw new InputError(`${path} line ${i + 1} is broken: ${(error as Error).message}.`);
    }
  });
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
