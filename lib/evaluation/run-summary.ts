/**
 * What a run folder tells: its settings, its metrics, its checkpoint.
 *
 * @module
 */
import { join } from "node:path";
import { metricPoints, type MetricRecord } from "@/lib/charts/metric-lines.ts";
import { InputError } from "@/lib/errors.ts";

/** A dataset that a run used, as config.json names it. */
export interface UsedDataset {
  name: string;
  digest?: string;
  pairs?: number;
  labelerKinds?: Record<string, number>;
}

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
export interface RunSummary {
  folder: string;
  expName: string;
  /** sft, dpo, ipo, … */
  loss: string;
  /** The resolved settings, flat. */
  settings: Record<string, unknown>;
  model: { name: string; digest?: string };
  datasets: UsedDataset[];
  seed?: number;
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
  const config = await readJson(join(folder, "config.json")) as Record<string, unknown> | undefined;
  if (!config) {
    throw new InputError(
      `${folder} holds no training run (no config.json); give the folder that training printed, such as runs/NAME_TIME.`,
    );
  }
  const settings = flat((config.settings ?? config) as Record<string, unknown>);
  const records = await readMetrics(join(folder, "metrics.jsonl"));
  const heldOut: RunSummary["heldOut"] = {};
  for (const metric of HELD_OUT_METRICS) {
    const values = beforeAfter(records, metric);
    if (values) heldOut[metric] = values;
  }
  const speeds = metricPoints(records, "tokens_per_second").map(({ value }) => value);
  const latest = await readLink(join(folder, "LATEST"));
  return {
    folder,
    expName: String(config.exp_name ?? settings.exp_name ?? "run"),
    loss: String(settings.loss ?? settings["loss.name"] ?? "unknown"),
    settings,
    model: modelOf(config.model ?? settings.model),
    datasets: datasetsOf(config.datasets ?? settings.datasets),
    seed: Number.isFinite(settings.seed) ? settings.seed as number : undefined,
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

function modelOf(value: unknown): RunSummary["model"] {
  if (typeof value !== "object" || value === null) return { name: String(value ?? "unknown") };
  const { name, path, digest } = value as Record<string, unknown>;
  return {
    name: String(name ?? path ?? "unknown"),
    digest: typeof digest === "string" ? digest : undefined,
  };
}

function datasetsOf(value: unknown): UsedDataset[] {
  const list = Array.isArray(value) ? value : [];
  return list.map((item) => typeof item === "string" ? { name: item } : item as UsedDataset);
}

/** Nested settings under dotted names; lists stay whole. */
function flat(nested: Record<string, unknown>, prefix = ""): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(nested).flatMap(([key, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(flat(value as Record<string, unknown>, `${prefix}${key}.`))
        : [[prefix + key, value]]
    ),
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path} is broken: ${(error as Error).message}.`);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
