/**
 * What an Ollama server is asked, over HTTP, and its answers line by line.
 *
 * The `ollama` package leaves out lines of a stream that it cannot parse, with a warning on the console; an answer
 * with a hole would be stored as if it were whole. Here such a line is an error, and the request is sent again.
 *
 * @module
 */
import { type Clock, REAL_CLOCK } from "@/lib/generation/clock.ts";

/** A model that an Ollama server offers. */
export interface OllamaModel {
  name: string;
  digest: string;
}

/** A request that came to nothing. */
export class RequestError extends Error {
  override name = "RequestError";
  /**
   * @param status of the response; undefined where there was none, or where it broke off
   * @param retryAfterMs how long the server asks to wait
   */
  constructor(message: string, readonly status?: number, readonly retryAfterMs = 0) {
    super(message);
  }

  /** Whether the same request may have an answer the next time. */
  get isPassing(): boolean {
    return this.status === undefined || this.status === 408 || this.status === 429 ||
      this.status >= 500;
  }
}

/** Where the server is expected: `OLLAMA_HOST`, as Ollama itself reads it, or this machine's port 11434. */
export function ollamaHost(): string {
  return hostAddress(Deno.env.get("OLLAMA_HOST") || "127.0.0.1");
}

/** A server's address as a URL: `gpu1` is `http://gpu1:11434`. */
export function hostAddress(host: string): string {
  const [, scheme = "http", rest] = host.trim().match(/^(?:(https?):\/\/)?(.*?)\/*$/)!;
  const isBare = !/:\d+$/.test(rest) && !rest.includes("/");
  const port = isBare && !host.includes("://") ? ":11434" : "";
  return `${scheme}://${rest.replace(/^0\.0\.0\.0\b/, "127.0.0.1")}${port}`;
}

/** The server's models; null when no server answers within `timeoutMs`. */
export async function listOllamaModels(
  { host = ollamaHost(), timeoutMs = 1000 }: { host?: string; timeoutMs?: number } = {},
): Promise<OllamaModel[] | null> {
  try {
    const response = await fetch(`${hostAddress(host)}/api/tags`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { models } = await response.json();
    return models.map(({ name, digest }: OllamaModel) => ({ name, digest }));
  } catch {
    // Whatever it is that answers there, or does not, it is no Ollama server to count on.
    return null;
  }
}

/** How to wait for a stream. */
export interface StreamOptions {
  signal: AbortSignal;
  /** The longest silence between two lines, and before the first. */
  silenceMs: number;
  clock?: Clock;
}

/**
 * Sends a request and gives the objects of its answer, one a line, as they come.
 *
 * @throws RequestError when the server cannot be reached, answers with an error, falls silent or sends a line that
 * is no JSON object. That the last object has come is for the caller to see.
 */
export async function* postLines<T>(
  url: string,
  body: unknown,
  { signal, silenceMs, clock = REAL_CLOCK }: StreamOptions,
): AsyncGenerator<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  const inTime = <V>(promise: Promise<V>): Promise<V> => within(promise, silenceMs, clock);
  try {
    const response = await inTime(fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: controller.signal,
    }));
    if (!response.ok) {
      throw new RequestError(
        await inTime(reasonOf(response)),
        response.status,
        retryAfter(response),
      );
    }
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let next = await inTime(reader.read()); !next.done; next = await inTime(reader.read())) {
      const lines = (rest + next.value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.trim() !== "") yield parsed<T>(line);
    }
    if (rest.trim() !== "") yield parsed<T>(rest);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RequestError) throw error;
    throw new RequestError((error as Error).message);
  } finally {
    signal.removeEventListener("abort", abort);
    controller.abort();
  }
}

async function within<V>(promise: Promise<V>, milliseconds: number, clock: Clock): Promise<V> {
  const settled = new AbortController();
  const late = clock.sleep(milliseconds, settled.signal).then(() => {
    if (settled.signal.aborted) return promise;
    throw new RequestError(`it has been silent for ${milliseconds / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    promise.catch(() => {});
    late.catch(() => {});
    settled.abort();
  }
}

function parsed<T>(line: string): T {
  let value: { error?: unknown };
  try {
    value = JSON.parse(line);
  } catch {
    throw new RequestError(`it sent a line that is no JSON: ${line.slice(0, 80)}`);
  }
  if (value === null || typeof value !== "object") {
    throw new RequestError(`it sent a line that is no object: ${line.slice(0, 80)}`);
  }
  if (value.error !== undefined) throw new RequestError(String(value.error));
  return value as T;
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text);
    if (typeof error === "string") return error;
  } catch {
    // Not Ollama's own form of an error: a proxy's page, or nothing.
  }
  return `status ${response.status}`;
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0;
}
