/**
 * What the environment says about the Hugging Face hub, by the names and with the defaults of Python's
 * huggingface_hub, so that both use one login and one cache.
 *
 * @see {@link https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables}
 * @module
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "@/lib/errors.ts";

/** Where the hub is, where its files are kept, and who asks. */
export interface HubEnvironment {
  /** Without a slash at its end. */
  endpoint: string;
  /** Holds a folder per repository. */
  cacheFolder: string;
  /** Never shown or stored; undefined for who has not logged in. */
  token: string | undefined;
  /** Nothing may be asked of a server. */
  offline: boolean;
}

/**
 * Reads `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_TOKEN_PATH` and their older names.
 *
 * @throws InputError when one of them cannot be right
 */
export function hubEnvironment(): HubEnvironment {
  const home = folder("HF_HOME") ??
    join(folder("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");
  return {
    endpoint: readEndpoint(),
    cacheFolder: folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub"),
    token: readToken(folder("HF_TOKEN_PATH") ?? join(home, "token")),
    offline: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].some((name) =>
      /^(1|on|yes|true)$/i.test(Deno.env.get(name) ?? "")
    ),
  };
}

function readEndpoint(): string {
  const told = Deno.env.get("HF_ENDPOINT") || "https://huggingface.co";
  if (!URL.canParse(told) || !/^https?:$/.test(new URL(told).protocol)) {
    throw new InputError(
      `HF_ENDPOINT=${told} is no address of a hub; such as https://huggingface.co, or leave it out.`,
    );
  }
  return told.replace(/\/+$/, "");
}

/** A folder that a variable names, with `~` and `$NAME` replaced as Python replaces them. */
function folder(variable: string): string | undefined {
  const told = Deno.env.get(variable);
  if (!told) return undefined;
  const expanded = told
    .replace(/^~(?=\/|$)/, homedir())
    .replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (all, a, b) => Deno.env.get(a ?? b) ?? all);
  return resolve(expanded);
}

function readToken(file: string): string | undefined {
  for (const variable of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const token = cleaned(Deno.env.get(variable) ?? "", variable);
    if (token) return token;
  }
  try {
    return cleaned(Deno.readTextFileSync(file), file);
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory
    ) return undefined;
    if (error instanceof InputError) throw error;
    throw new InputError(`the hub's token in ${file} cannot be read: ${(error as Error).message}.`);
  }
}

function cleaned(text: string, place: string): string | undefined {
  const token = text.trim();
  if (token === "") return undefined;
  if (/^hf_[\x21-\x7e]+$/.test(token)) return token;
  throw new InputError(
    `what ${place} holds is no token of the hub, which begins with hf_; copy it again from ` +
      "https://huggingface.co/settings/tokens.",
  );
}
