/**
 * Answers from a model behind an Ollama server.
 *
 * @module
 */
import { Ollama } from "ollama";
import { OperationError } from "@/lib/errors.ts";
import type {
  Answer,
  GenerateOptions,
  GenerationRequest,
  Generator,
} from "@/lib/generation/generator.ts";

/** Options of {@link ollamaGenerator}. */
export interface OllamaOptions {
  /** The model's name at the server, `codellama:7b`. */
  model: string;
  /** Default: `OLLAMA_HOST`, or this machine's port 11434. */
  host?: string;
  /** How long the server keeps the model in memory after a request. */
  keepAlive?: string;
  /** Requests sent at one time; default 1. */
  parallel?: number;
}

/** A model that an Ollama server offers. */
export interface OllamaModel {
  name: string;
  digest: string;
}

/** Where the server is expected. */
export function ollamaHost(): string {
  return Deno.env.get("OLLAMA_HOST") || "http://127.0.0.1:11434";
}

/** The server's models; null when no server answers within `timeoutMs`. */
export async function listOllamaModels(
  { host = ollamaHost(), timeoutMs = 1000 }: { host?: string; timeoutMs?: number } = {},
): Promise<OllamaModel[] | null> {
  const bounded = (input: RequestInfo | URL, init?: RequestInit) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  try {
    const { models } = await new Ollama({ host, fetch: bounded }).list();
    return models.map(({ name, digest }) => ({ name, digest }));
  } catch {
    // Whatever it is that answers there, or does not, it is no Ollama server to count on.
    return null;
  }
}

/**
 * A generator on a model of an Ollama server.
 * @throws OperationError when the server cannot be reached or lacks the model
 */
export async function ollamaGenerator(
  { model, host = ollamaHost(), keepAlive = "5m", parallel = 1 }: OllamaOptions,
): Promise<Generator> {
  const models = await listOllamaModels({ host, timeoutMs: 5000 });
  if (models === null) {
    throw new OperationError(
      `No Ollama server answers at ${host}; start one with \`ollama serve\`, or set OLLAMA_HOST.`,
    );
  }
  const found = models.find(({ name }) => name === model || name === `${model}:latest`);
  if (!found) {
    throw new OperationError(
      `The Ollama server at ${host} has no model ${model}; get it with \`ollama pull ${model}\`.`,
    );
  }
  // One client per request: aborting a client aborts all of its requests.
  const active = new Set<Ollama>();
  const generate = async (requests: GenerationRequest[], options: GenerateOptions = {}) => {
    const answers: Answer[] = new Array(requests.length);
    const queue = requests.map((_, index) => index);
    const stop = () => active.forEach((client) => client.abort());
    options.signal?.addEventListener("abort", stop, { once: true });
    let failure: unknown;
    const worker = async () => {
      for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
        options.signal?.throwIfAborted();
        const index = i;
        const client = new Ollama({ host });
        active.add(client);
        try {
          answers[index] = await ask(
            client,
            model,
            keepAlive,
            requests[index],
            (delta) => options.onText?.(index, delta),
          );
        } catch (error) {
          failure ??= options.signal?.aborted
            ? options.signal.reason
            : explained(error, host, model);
          queue.length = 0;
          stop();
          throw failure;
        } finally {
          active.delete(client);
        }
        await options.onAnswer?.(index, answers[index]);
      }
    };
    try {
      const workers = Array.from({ length: Math.max(1, parallel) }, worker);
      await Promise.allSettled(workers);
      if (failure) throw failure;
      await Promise.all(workers);
    } finally {
      options.signal?.removeEventListener("abort", stop);
    }
    return answers;
  };
  return {
    model: `ollama:${model}`,
    modelDigest: found.digest,
    provider: "ollama",
    generate,
    close: () => active.forEach((client) => client.abort()),
  };
}

async function ask(
  client: Ollama,
  model: string,
  keepAlive: string,
  { prompt, ...options }: GenerationRequest,
  onText: (delta: string) => void,
): Promise<Answer> {
  const started = performance.now();
  // num_ctx is always sent: the server's default differs between versions and cuts prompts silently.
  const stream = await client.generate({
    model,
    prompt,
    stream: true,
    keep_alive: keepAlive,
    options,
  });
  let text = "";
  for await (const part of stream) {
    if (part.response) {
      text += part.response;
      onText(part.response);
    }
    if (!part.done) continue;
    if (part.prompt_eval_count >= options.num_ctx) {
      throw new OperationError(
        `A prompt fills the whole context of ${options.num_ctx} tokens, so the server cut it; raise num_ctx.`,
      );
    }
    return {
      text,
      doneReason: part.done_reason === "length" ? "length" : "stop",
      // Left out by the server when it had the whole prompt in its cache.
      promptTokens: part.prompt_eval_count ?? 0,
      completionTokens: part.eval_count ?? 0,
      milliseconds: performance.now() - started,
    };
  }
  throw new OperationError(
    `The answer of ${model} ended in the middle; run the same command again.`,
  );
}

function explained(error: unknown, host: string, model: string): Error {
  if (error instanceof OperationError) return error;
  const message = (error as Error).message ?? String(error);
  const status = (error as { status_code?: number }).status_code;
  if (status === 404) {
    return new OperationError(
      `The Ollama server at ${host} has no model ${model}; get it with \`ollama pull ${model}\`.`,
    );
  }
  return new OperationError(`The Ollama server at ${host} failed with ${model}: ${message}.`);
}
