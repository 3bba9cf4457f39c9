/**
 * What a run's `config.json` says.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";

/** A dataset that a run used, as config.json names it. */
export interface UsedDataset {
  name: string;
  digest?: string;
  pairs?: number;
  labelerKinds?: Record<string, number>;
}

/** What made a run. */
export interface RunConfiguration {
  expName: string;
  /** sft, dpo, ipo, … */
  loss: string;
  /** The resolved settings, flat. */
  settings: Record<string, unknown>;
  /** `revision`: the commit of a model of the hub. */
  model: { name: string; digest?: string; revision?: string };
  datasets: UsedDataset[];
  seed?: number;
  /** How many examples the run reads in all, where it was recorded. */
  totalExamples?: number;
}

/**
 * Reads `config.json`; undefined where the folder has none.
 * @throws InputError for a broken one
 */
export async function readRunConfig(folder: string): Promise<RunConfiguration | undefined> {
  const config = await readJson(join(folder, "config.json")) as Record<string, unknown> | undefined;
  if (!config) return undefined;
  const settings = flat((config.settings ?? config) as Record<string, unknown>);
  const number = (value: unknown) => Number.isFinite(value) ? value as number : undefined;
  return {
    expName: String(config.exp_name ?? settings.exp_name ?? "run"),
    loss: String(settings.loss ?? settings["loss.name"] ?? "unknown"),
    settings,
    model: modelOf(config.model ?? settings.model),
    datasets: datasetsOf(config.datasets ?? settings.datasets),
    seed: number(settings.seed),
    totalExamples: number(config.total_examples) ?? number(settings.n_examples),
  };
}

function modelOf(value: unknown): RunConfiguration["model"] {
  if (typeof value !== "object" || value === null) return { name: String(value ?? "unknown") };
  const { name, path, digest, revision } = value as Record<string, unknown>;
  return {
    name: String(name ?? path ?? "unknown"),
    digest: typeof digest === "string" ? digest : undefined,
    ...(typeof revision === "string" ? { revision } : {}),
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

/**
 * The value in a JSON file; undefined where there is none.
 * @throws InputError for a broken one
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path} is broken: ${(error as Error).message}.`);
  }
}

/** A file's text; undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether there was no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
