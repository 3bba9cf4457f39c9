/**
 * Requests to a hub that are made again when that helps.
 *
 * @module
 */
import { type Asked, refusal, unreachable } from "@/lib/hub/answer.ts";

/** How requests are made. */
export interface HubFetchOptions {
  signal?: AbortSignal;
  /** Told when something has to wait. */
  log?: (line: string) => void;
  /** How often a request is made, at most; default 6. */
  attempts?: number;
  /** Lets so many milliseconds pass; tests let none. */
  wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

/** Too many requests, timeouts, and servers or proxies that are down for a moment. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** Doubled each time. */
const FIRST_WAIT_MS = 1000;
/** A hub that asks for more patience is not waited for. */
const LONGEST_WAIT_MS = 5 * 60_000;
/** Until the head of an answer to a request without a body; shorter where nobody has ever answered. */
const HEAD_TIMEOUT_MS = 30_000, FIRST_HEAD_TIMEOUT_MS = 8_000;
/** A server that was never reached is likely out of reach for good: no network, or a wrong address. */
const FIRST_ATTEMPTS = 2;

/** Servers that have answered. */
const reached = new Set<string>();

/**
 * A `fetch` for one purpose: answers of 2xx are returned, requests that found the hub busy or out of reach are made
 * again, after the time it asks for or ever longer ones, and every other answer is thrown as a sentence. A hub that was
 * never reached is given up within seconds.
 */
export function hubFetch(asked: Asked, options: HubFetchOptions): typeof fetch {
  const { signal, log, attempts = 6, wait = sleep } = options;
  return async (input, init) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    for (let attempt = 1;; attempt++) {
      let problem: string, pause = FIRST_WAIT_MS * 2 ** (attempt - 1);
      const isFirst = !reached.has(origin);
      const outcome = await tried(
        input,
        init,
        signal,
        isFirst ? FIRST_HEAD_TIMEOUT_MS : HEAD_TIMEOUT_MS,
      );
      if (outcome instanceof Response) {
        reached.add(origin);
        if (outcome.ok) return outcome;
        if (!PASSING.has(outcome.status)) throw await refusal(outcome, asked);
        problem = `answers with status ${outcome.status}`;
        pause = retryAfter(outcome.headers) ?? pause;
        if (attempt >= attempts || pause > LONGEST_WAIT_MS) throw await refusal(outcome, asked);
        await outcome.body?.cancel();
      } else {
        const most = isFirst ? Math.min(FIRST_ATTEMPTS, attempts) : attempts;
        if (attempt >= most) throw unreachable(asked, outcome);
        problem = "cannot be reached";
      }
      log?.(`the hub ${problem}; asking again in ${Math.ceil(pause / 1000)} s`);
      await wait(pause, signal);
    }
  };
}

/** A response, or why there is none. */
async function tried(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  outer: AbortSignal | undefined,
  headTimeoutMs: number,
): Promise<Response | string> {
  const head = new AbortController();
  const timer = init?.body ? undefined : setTimeout(() => head.abort(), headTimeoutMs);
  const signals = [outer, init?.signal, head.signal].filter((signal) =>
    signal instanceof AbortSignal
  );
  try {
    return await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  } catch (error) {
    outer?.throwIfAborted();
    init?.signal?.throwIfAborted();
    if (head.signal.aborted) return `no answer within ${headTimeoutMs / 1000} s`;
    if (error instanceof TypeError) return reason(error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The last of the causes, without the address. */
function reason(error: Error): string {
  return error.cause instanceof Error
    ? reason(error.cause)
    : error.message.replace(/^.*\(https?:[^)]*\): /, "");
}

/** Milliseconds that a server asks for: in seconds or as a date, or when its window for requests begins anew. */
function retryAfter(headers: Headers): number | undefined {
  const told = headers.get("Retry-After")?.trim();
  if (told && /^\d+$/.test(told)) return 1000 * Number(told);
  const date = told ? Date.parse(told) : NaN;
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const window = /;\s*t\s*=\s*(\d+)/.exec(headers.get("RateLimit") ?? "");
  return window ? 1000 * (Number(window[1]) + 1) : undefined;
}

/** Lets time pass. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
