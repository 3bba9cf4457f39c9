/**
 * How models of the Hugging Face hub are named: `NAMESPACE/NAME`, and where it is wanted `@REVISION` and, of a
 * repository of GGUF files, `:FILE.gguf` or `:TYPE`, as llama.cpp and Ollama take them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { DEFAULT_REVISION, isRepoName, isRevision } from "@/lib/hub/mod.ts";
import { presetOf } from "@/lib/models/presets.ts";

/** A name's parts. */
export interface HubName {
  /** `NAMESPACE/NAME`. */
  repo: string;
  /** Branch, tag, `refs/pr/N` or commit. */
  revision: string;
  /** A GGUF file's path, or a type such as `Q8_0` that is part of its name. */
  gguf?: string;
  /** Whether it begins with the hub's address, so that it cannot be a path. */
  explicit: boolean;
}

const GRAMMAR =
  /^((?:https:\/\/)?(?:hf\.co|huggingface\.co)\/)?([^/@:]+\/[^/@:]+)(?:@([^:]+))?(?::(\w[\w./+-]*))?$/;

/** The parts of a word that can name a model of the hub; undefined for others, such as paths of files. */
export function hubName(word: string): HubName | undefined {
  const [, address, repo = "", revision = DEFAULT_REVISION, gguf] = GRAMMAR.exec(word) ?? [];
  if (!isRepoName(repo) || !isRevision(revision)) return undefined;
  const explicit = address !== undefined;
  if (!explicit && /\.(gguf|safetensors|bin|pt|json)$/.test(repo)) return undefined;
  return { repo, revision, gguf, explicit };
}

/** What a preset, or a word that is no path here, means on the hub. */
export function meantOnHub(word: string): HubName | undefined {
  const preset = presetOf(word);
  if (preset) return preset.installed ? undefined : hubName(preset.hub);
  const name = hubName(word);
  return name && (name.explicit || !existsSync(word)) ? name : undefined;
}

/** A word as it was meant at a revision, usually the commit that it was at; a word for something else as it is. */
export function atRevision(word: string, revision: string | undefined): string {
  const name = revision === undefined ? undefined : meantOnHub(word);
  return name && revision ? hubWords({ ...name, revision }) : word;
}

/** The words for parts; one for the same parts. */
export const hubWords = ({ repo, revision, gguf }: Omit<HubName, "explicit">): string =>
  repo + (revision === DEFAULT_REVISION ? "" : `@${revision}`) + (gguf ? `:${gguf}` : "");
