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
import { answerOf } from "@/lib/hub/mod.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { fetchHubCard } from "@/lib/models/hub-model.ts";
import { atRevision, meantOnHub } from "@/lib/models/hub-name.ts";
import { presetOf } from "@/lib/models/presets.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";

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
  /** The base's commit on the hub. */
  baseRevision?: string;
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
  const base = String(settings.model ?? run.model.name);
  // A run that began with an archive recorded the archive's digest and revision.
  const revision = base === run.model.name ? run.model.revision : undefined;
  return {
    name: run.expName,
    base: publicName(base),
    baseDigest: run.model.digest,
    ...(revision === undefined ? {} : { baseRevision: revision }),
    license: license ?? await licenseOf(atRevision(base, revision)),
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
  { name, digest, hub }: Pick<ModelSource, "name" | "digest" | "hub">,
  license?: string,
): Promise<Provenance> {
  return {
    name: basename(publicName(name)),
    base: publicName(name),
    baseDigest: digest,
    ...(hub ? { baseRevision: hub.revision } : {}),
    license: license ?? await licenseOf(name),
  };
}

/** A name that says something on another machine: paths lose their folders. */
function publicName(name: string): string {
  const onHub = presetOf(name)?.hub ?? meantOnHub(name)?.repo;
  if (onHub) return onHub;
  const isPath = /^(\.|\/|~)/.test(name) || existsSync(name);
  return isPath ? basename(name) : name;
}

/** What a model's own files say about its licence. */
async function licenseOf(name: string): Promise<string | undefined> {
  const onHub = meantOnHub(name);
  let source;
  try {
    if (onHub) return licenseIn(await fetchHubCard(onHub));
    source = await openModel(name);
  } catch (error) {
    // The hub is out of reach, or no longer has it.
    if (answerOf(error)) return undefined;
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
  try {
    return licenseIn(Deno.readTextFileSync(join(folder, "README.md")));
  } catch {
    return undefined;
  }
}

/** `license` in the front of a card. */
function licenseIn(card: string | undefined): string | undefined {
  const front = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(card ?? "");
  if (!front) return undefined;
  try {
    const license = (parse(front[1]) as { license?: unknown } | null)?.license;
    return typeof license === "string" ? license : undefined;
  } catch {
    // A card that is not YAML states no licence.
    return undefined;
  }
}
