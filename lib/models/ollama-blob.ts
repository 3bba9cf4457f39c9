/**
 * The file that Ollama keeps of a model on this machine.
 *
 * A model is a manifest, `manifests/HOST/NAMESPACE/NAME/TAG` in Ollama's models folder, which names layers; the layer
 * of the weights is a GGUF file, `blobs/sha256-…`.
 *
 * @module
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";

/** What begins the name of a model that Ollama holds. */
export const OLLAMA_PREFIX = "ollama:";

const MODEL_LAYER = "application/vnd.ollama.image.model";
const ADAPTER_LAYER = "application/vnd.ollama.image.adapter";

/** Where Ollama keeps models: as it is told, else a user's folder, else that of the service its installer sets up. */
function modelFolders(): string[] {
  const told = Deno.env.get("OLLAMA_MODELS");
  if (told) return [told];
  return [
    join(homedir(), ".ollama", "models"),
    ...(Deno.build.os === "linux" ? ["/usr/share/ollama/.ollama/models"] : []),
  ];
}

/**
 * The GGUF file of a model.
 *
 * @param name `[HOST/][NAMESPACE/]NAME[:TAG]`, as `ollama run` takes it
 * @throws InputError when Ollama holds no such model here, or one that is not a file alone
 */
export function ollamaBlob(name: string): string {
  const [, places, tag = "latest"] = /^([\w.-]+(?:(?::\d+)?(?:\/[\w.-]+)+)?)(?::([\w.-]+))?$/
    .exec(name) ?? [];
  const parts = places?.split("/") ?? [];
  if (!places || parts.length > 3 || [...parts, tag].some((part) => /^\.+$/.test(part))) {
    throw new InputError(
      `${OLLAMA_PREFIX}${name} is no name of an Ollama model; such as ollama:smollm2:135m.`,
    );
  }
  const whole = ["registry.ollama.ai", "library"].slice(0, 3 - parts.length).concat(parts);
  const folders = modelFolders();
  for (const folder of folders) {
    const manifest = readManifest(join(folder, "manifests", ...whole, tag));
    if (manifest === undefined) continue;
    return blobOf(name, folder, manifest);
  }
  const here = folders.flatMap(heldModels);
  throw new InputError(
    `Ollama holds no model ${name} (tag ${tag}) in ${folders.join(" or ")}; ${
      here.length > 0 ? `it holds ${here.slice(0, 5).join(", ")}` : "it holds none there"
    }. Get it with \`ollama pull ${name}\`, or set OLLAMA_MODELS to the models folder of its server.`,
  );
}

function readManifest(path: string): { path: string; text: string } | undefined {
  try {
    return { path, text: Deno.readTextFileSync(path) };
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.IsADirectory
    ) return undefined;
    throw new InputError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

function blobOf(name: string, folder: string, manifest: { path: string; text: string }): string {
  let layers: unknown;
  try {
    layers = JSON.parse(manifest.text)?.layers;
  } catch {
    layers = undefined;
  }
  if (!Array.isArray(layers)) {
    throw new InputError(
      `${manifest.path} is no manifest of Ollama's; pull the model again: \`ollama pull ${name}\`.`,
    );
  }
  const digests = (type: string) =>
    layers.filter((layer) => layer?.mediaType === type).map((layer) => String(layer.digest));
  const [digest, ...others] = digests(MODEL_LAYER);
  if (digests(ADAPTER_LAYER).length > 0) {
    throw new InputError(
      `${OLLAMA_PREFIX}${name} is a base with an adapter, which cannot be opened as one model; name the base.`,
    );
  }
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1];
  if (!hex || others.length > 0) {
    throw new InputError(`${OLLAMA_PREFIX}${name} does not have its weights in one file.`);
  }
  const path = join(folder, "blobs", `sha256-${hex}`);
  try {
    Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Ollama lacks ${path} of ${name}; pull it again: \`ollama pull ${name}\`.`,
    );
  }
  return path;
}

/** Names of the models in a folder that came from Ollama's own registry or were created here. */
function heldModels(folder: string): string[] {
  const library = join(folder, "manifests", "registry.ollama.ai", "library");
  return namesIn(library).flatMap((model) =>
    namesIn(join(library, model)).map((tag) => `${OLLAMA_PREFIX}${model}:${tag}`)
  );
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    // Ollama has not been used here, or keeps its models from us.
    return [];
  }
}
