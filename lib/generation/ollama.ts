/**
 * Answers from a model behind one or several Ollama servers.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { type Clock, REAL_CLOCK } from "@/lib/generation/clock.ts";
import { DEFAULT_RETRY, dispatch, type RetryOptions } from "@/lib/generation/dispatch.ts";
import type {
  Answer,
  GenerateOptions,
  GenerationRequest,
  Generator,
} from "@/lib/generation/generator.ts";
import {
  hostAddress,
  listOllamaModels,
  ollamaHost,
  postLines,
  RequestError,
  type StreamOptions,
} from "@/lib/generation/ollama-client.ts";

export { listOllamaModels, ollamaHost } from "@/lib/generation/ollama-client.ts";

/** Options of {@link ollamaGenerator}. */
export interface OllamaOptions {
  /** The model's name at the server, `codellama:7b`. */
  model: string;
  /** Default: `OLLAMA_HOST`, or this machine's port 11434. */
  host?: string;
  /** Several servers that have the same model; instead of `host`. */
  hosts?: string[];
  /** How long a server keeps the model in memory after a request: `5m`, `-1` for ever. */
  keepAlive?: string;
  /** Requests sent to a server at one time; default 1. */
  parallel?: number;
  /** Whether a server that lacks the model gets it. */
  pull?: boolean;
  /** Told about the pull, in bytes. */
  onPull?: OnProgress;
  /** Told about failures that are tried again. */
  onNotice?: (line: string) => void;
  retry?: RetryOptions;
  /** The longest silence of a server that is loading its model or reading a prompt; default 10 minutes. */
  silenceMs?: number;
  clock?: Clock;
  signal?: AbortSignal;
}

const TEN_MINUTES = 600_000;

/**
 * A generator on a model of Ollama servers. Requests go to whichever server is free; one that fails is sent again,
 * and what a server sent of it until then is dropped.
 *
 * @throws OperationError when a server cannot be reached, lacks the model, or has another one of that name
 */
export async function ollamaGenerator(
  {
    model,
    host = ollamaHost(),
    hosts = [host],
    keepAlive = "5m",
    parallel = 1,
    pull = false,
    onPull,
    onNotice,
    retry = DEFAULT_RETRY,
    silenceMs = TEN_MINUTES,
    clock = REAL_CLOCK,
    signal,
  }: OllamaOptions,
): Promise<Generator> {
  const servers = [...new Set(hosts.map(hostAddress))];
  const closed = new AbortController();
  const stream = (given?: AbortSignal): StreamOptions => ({
    signal: given ? AbortSignal.any([given, closed.signal]) : closed.signal,
    silenceMs,
    clock,
  });
  const digests = new Map<string, string>();
  for (const server of servers) {
    let digest = await findModel(server, model);
    if (digest === undefined && pull) {
      await pullModel(server, model, stream(signal), onPull);
      digest = await findModel(server, model);
    }
    if (digest === undefined) throw missing(server, model);
    digests.set(server, digest);
  }
  const [modelDigest, ...others] = new Set(digests.values());
  if (others.length > 0) {
    const found = [...digests].map(([server, digest]) => `${server} ${digest.slice(0, 12)}`);
    throw new OperationError(
      `The servers have different models named ${model} (${
        found.join(", ")
      }); pull it again on all of them.`,
    );
  }

  const generate = async (requests: GenerationRequest[], options: GenerateOptions = {}) => {
    const answers: Answer[] = new Array(requests.length);
    const failures = await dispatch(requests.length, {
      hosts: servers,
      parallel: Math.max(1, parallel),
      retry,
      signal: stream(options.signal).signal,
      clock,
      onNotice,
      send: (server, index, signal) =>
        ask(
          server,
          { model, keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive },
          requests[index],
          { signal, silenceMs, clock },
          (delta) => options.onText?.(index, delta),
        ),
      async onAnswer(index, answer) {
        answers[index] = answer;
        await options.onAnswer?.(index, answer);
      },
    });
    if (failures.length > 0) throw explained(failures[0], model, failures.length, requests.length);
    return answers;
  };
  return {
    model: `ollama:${model}`,
    modelDigest,
    provider: "ollama",
    generate,
    close: () => closed.abort(new DOMException("The generator is closed.", "AbortError")),
  };
}

async function findModel(server: string, model: string): Promise<string | undefined> {
  const models = await listOllamaModels({ host: server, timeoutMs: 5000 });
  if (models === null) {
    throw new OperationError(
      `No Ollama server answers at ${server}; start one with \`ollama serve\`, or set OLLAMA_HOST.`,
    );
  }
  return models.find(({ name }) => name === model || name === `${model}:latest`)?.digest;
}

async function pullModel(
  server: string,
  model: string,
  stream: StreamOptions,
  onPull?: OnProgress,
): Promise<void> {
  interface PullPart {
    status: string;
    completed?: number;
    total?: number;
  }
  let status = "";
  try {
    for await (const part of postLines<PullPart>(`${server}/api/pull`, { model }, stream)) {
      status = part.status;
      if (part.total) onPull?.(part.completed ?? 0, part.total, status);
    }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new OperationError(`${server} could not pull ${model}: ${error.message}.`);
  }
  if (status !== "success") {
    throw new OperationError(
      `The pull of ${model} at ${server} broke off; run the same command again, it goes on there.`,
    );
  }
}

/** A part of a streamed answer; the last one has the counts. */
interface GeneratePart {
  response?: string;
  done?: boolean;
  done_reason?: string;
  prompt_eval_count?: number;
  eval_count?: number;
}

async function ask(
  server: string,
  how: { model: string; keep_alive: string | number },
  { prompt, ...options }: GenerationRequest,
  stream: StreamOptions,
  onText: (delta: string) => void,
): Promise<Answer> {
  const started = performance.now();
  // num_ctx is among the options, always: the server's default differs between versions.
  const body = { ...how, prompt, stream: true, options };
  let text = "";
  for await (const part of postLines<GeneratePart>(`${server}/api/generate`, body, stream)) {
    if (part.response) {
      text += part.response;
      onText(part.response);
    }
    if (!part.done) continue;
    // Left out by the server when it had the whole prompt in its cache.
    const promptTokens = part.prompt_eval_count ?? 0;
    const completionTokens = part.eval_count ?? 0;
    return {
      text,
      doneReason: doneReason(promptTokens, completionTokens, options.num_ctx, part.done_reason),
      promptTokens,
      completionTokens,
      milliseconds: performance.now() - started,
    };
  }
  throw new RequestError("its answer ended in the middle");
}

/**
 * Why an answer ended. The server cuts prompts to the context without a word, and drops the beginning of what it has
 * read when an answer outgrows the context: what it wrote from then on, it wrote without the question.
 */
function doneReason(
  promptTokens: number,
  completionTokens: number,
  numCtx: number,
  reason?: string,
): Answer["doneReason"] {
  if (promptTokens >= numCtx) return "prompt";
  return reason === "length" || promptTokens + completionTokens > numCtx ? "length" : "stop";
}

function missing(server: string, model: string): OperationError {
  return new OperationError(
    `The Ollama server at ${server} has no model ${model}; get it with \`ollama pull ${model}\`, or with pull=true.`,
  );
}

function explained(
  { host, error }: { host: string; error: RequestError },
  model: string,
  failed: number,
  all: number,
): OperationError {
  if (error.status === 404) return missing(host, model);
  return new OperationError(
    `The Ollama server at ${host} failed with ${model}: ${error.message}. ${failed} of ${all} ` +
      "requests are unanswered; run the same command again, it asks for these alone.",
  );
}
