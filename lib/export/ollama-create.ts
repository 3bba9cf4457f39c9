/**
 * Giving a GGUF file to an Ollama server under a name, as `ollama create` does.
 *
 * @see {@link https://github.com/ollama/ollama/blob/v0.6.5/docs/api.md#create-a-model}
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import { fileDigest } from "@/lib/models/digest.ts";

/** What Ollama makes a model of. */
export interface OllamaCreation {
  /** `name` or `name:tag`. */
  name: string;
  host: string;
  /** A GGUF file. */
  path: string;
  /** Adapters to be put on it, a GGUF file too. */
  adapter?: string;
  /** Left to the server where it is undefined. */
  template?: string;
  license?: string;
  signal?: AbortSignal;
}

/** @throws InputError when the name is none that Ollama takes */
export function checkOllamaName(name: string): void {
  if (!/^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?$/.test(name)) {
    throw new InputError(
      `out=${name} is no name that Ollama takes; such as codepref-dpo or codepref-dpo:v2.`,
    );
  }
}

/**
 * Uploads the files that the server does not have yet, and creates the model. One of the same name is replaced.
 *
 * @throws OperationError when the server cannot be reached or refuses
 */
export async function createOllamaModel(creation: OllamaCreation): Promise<void> {
  const { name, path, adapter, template, license, signal } = creation;
  const host = /^https?:\/\//.test(creation.host) ? creation.host : `http://${creation.host}`;
  const ask = async (method: string, route: string, body?: BodyInit): Promise<Response> => {
    try {
      return await fetch(new URL(route, host), { method, body, signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new OperationError(
        `No Ollama server answers at ${host} (${
          (error as Error).message
        }); start one with \`ollama serve\`, or set host=.`,
      );
    }
  };
  const upload = async (path: string): Promise<string> => {
    const digest = `sha256:${fileDigest(path)}`, route = `/api/blobs/${digest}`;
    const known = await ask("HEAD", route);
    await known.body?.cancel();
    if (!known.ok) {
      const file = await Deno.open(path);
      await checked(await ask("POST", route, file.readable), host, "take the file");
    }
    return digest;
  };
  const request = {
    model: name,
    files: { "model.gguf": await upload(path) },
    ...(adapter === undefined ? {} : { adapters: { "adapter.gguf": await upload(adapter) } }),
    ...(template === undefined ? {} : { template }),
    ...(license === undefined ? {} : { license }),
    stream: false,
  };
  await checked(await ask("POST", "/api/create", JSON.stringify(request)), host, `create ${name}`);
}

async function checked(response: Response, host: string, what: string): Promise<void> {
  const text = await response.text();
  let error: unknown;
  try {
    error = JSON.parse(text).error;
  } catch {
    error = text;
  }
  if (response.ok && (error === undefined || error === "")) return;
  throw new OperationError(
    `The Ollama server at ${host} did not ${what}: ${error || `status ${response.status}`}.`,
  );
}
