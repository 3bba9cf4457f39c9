/**
 * Where a model that is exported comes from: what its card and its files say of it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { HELD_OUT_METRICS, type RunSummary, summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { InputError } from "@/lib/errors.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { openModel } from "@/lib/models/source.ts";

/** A dataset that the model was trained on. */
export interface TrainedOn {
  name: string;
  /** Digest of its files. */
  revision?: string;
  pairs?: number;
  labelerKinds?: Record<string, number>;
  license?: string;
}

/** What is known of an exported model. */
export interface Provenance {
  /** What the model is called: the run's name, or the model's. */
  name: string;
  /** The model that was named, or that training began with: a hub id where one is known. */
  base: string;
  /** Digest of the base's files. */
  baseDigest?: string;
  /** SPDX name, in lower case. */
  license?: string;
  promptFormat?: "plain" | "chat";
  /** How it was trained; undefined for a model that was not trained here. */
  training?: {
    loss: string;
    settings: Record<string, unknown>;
    examples: number;
    updates: number;
    datasets: TrainedOn[];
    heldOut: RunSummary["heldOut"];
  };
}

/** Hub ids of presets whose files come from elsewhere. */
const HUB_IDS: Record<string, string> = { smollm2: "HuggingFaceTB/SmolLM2-135M-Instruct" };

/**
 * What a run's folder tells.
 *
 * @param license overrides what the base says
 * @throws InputError when the folder holds no run, or the run no checkpoint
 */
export async function runProvenance(folder: string, license?: string): Promise<Provenance> {
  const run = await summarizeRun(folder);
  if (!run.policy) {
    throw new InputError(
      `${folder} holds no checkpoint yet; let the run reach one, or name a model with model.name_or_path=.`,
    );
  }
  const { settings } = run;
  const format = settings.prompt_format;
  return {
    name: run.expName,
    base: publicName(String(settings.model ?? run.model.name)),
    baseDigest: run.model.digest,
    license: license ?? await licenseOf(String(settings.model ?? run.model.name)),
    ...(format === "plain" || format === "chat" ? { promptFormat: format } : {}),
    training: {
      loss: run.loss,
      settings,
      examples: run.examples,
      updates: run.updates,
      datasets: run.datasets.map(({ name, digest, pairs, labelerKinds }) => ({
        name: publicName(name),
        revision: digest,
        pairs,
        labelerKinds,
        license: cardLicense(name),
      })),
      heldOut: Object.fromEntries(
        HELD_OUT_METRICS.flatMap((metric) =>
          run.heldOut[metric] ? [[metric, run.heldOut[metric]]] : []
        ),
      ),
    },
  };
}

/** What is known of a model that was not trained here. */
export async function modelProvenance(
  name: string,
  digest: string,
  license?: string,
): Promise<Provenance> {
  return {
    name: basename(publicName(name)),
    base: publicName(name),
    baseDigest: digest,
    license: license ?? await licenseOf(name),
  };
}

/** A name that says something on another machine: paths lose their folders. */
function publicName(name: string): string {
  if (Object.hasOwn(HUB_IDS, name)) return HUB_IDS[name];
  const isPath = /^(\.|\/|~)/.test(name) || existsSync(name);
  return isPath ? basename(name) : name;
}

/** What a model's own files say about its licence. */
async function licenseOf(name: string): Promise<string | undefined> {
  let source;
  try {
    source = await openModel(name);
  } catch (error) {
    // The base is gone, or was named by what is not a file: then nothing is known of its licence.
    if (error instanceof InputError) return undefined;
    throw error;
  }
  source.close();
  if (source.format === "safetensors") return cardLicense(source.path);
  const file = await openGguf(source.path);
  const license = file.metadata["general.license"];
  file.close();
  return typeof license === "string" ? license.toLowerCase() : undefined;
}

/** `license` in the card of a model's or a dataset's folder. */
function cardLicense(folder: string): string | undefined {
  let card: string;
  try {
    card = Deno.readTextFileSync(join(folder, "README.md"));
  } catch {
    return undefined;
  }
  const front = /^---\n([\s\S]*?)\n---\n/.exec(card);
  if (!front) return undefined;
  try {
    const license = (parse(front[1]) as { license?: unknown } | null)?.license;
    return typeof license === "string" ? license : undefined;
  } catch {
    // A card that is not YAML states no licence.
    return undefined;
  }
}
