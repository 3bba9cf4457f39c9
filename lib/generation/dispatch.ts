/**
 * Many requests to several servers, each of which may fail for a while or for good.
 *
 * @module
 */
import { type Clock, REAL_CLOCK } from "@/lib/generation/clock.ts";
import { RequestError } from "@/lib/generation/ollama-client.ts";

/** How often and when to try again. */
export interface RetryOptions {
  /** After so many failures on end a request, or a server, is given up. */
  attempts: number;
  /** The wait after the first failure; it doubles with each. */
  firstDelayMs: number;
  longestDelayMs: number;
}

/** About two minutes in all: enough for a server to be restarted and to load its model. */
export const DEFAULT_RETRY: RetryOptions = {
  attempts: 9,
  firstDelayMs: 500,
  longestDelayMs: 30_000,
};

/** What {@link dispatch} needs to know. */
export interface DispatchOptions<T> {
  hosts: string[];
  /** Requests that one server answers at one time. */
  parallel: number;
  retry: RetryOptions;
  signal: AbortSignal;
  clock?: Clock;
  /** Sends one request; throws a {@link RequestError} where it comes to nothing. */
  send(host: string, index: number, signal: AbortSignal): Promise<T>;
  /** Called once per request that is answered, and awaited. Errors end everything. */
  onAnswer(index: number, answer: T): Promise<void> | void;
  /** Told about failures that are tried again, and servers that are given up. */
  onNotice?(line: string): void;
}

/** A request that was given up. */
export interface Failure {
  index: number;
  host: string;
  error: RequestError;
}

/**
 * Sends `count` requests, each to one server until it is answered. One that fails goes back to the end of the queue;
 * its server is left alone for a while, longer each time.
 *
 * @returns the requests that were given up
 */
export async function dispatch<T>(count: number, options: DispatchOptions<T>): Promise<Failure[]> {
  const { hosts, parallel, retry, clock = REAL_CLOCK, onNotice } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const queue = Array.from({ length: count }, (_, index) => ({ index, failures: 0 }));
  const failures: Failure[] = [];
  let running = 0;
  let last: Failure | undefined;
  // Whoever finds the queue empty waits for the requests that others may still give back.
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };

  const work = async (host: string) => {
    for (let onEnd = 0; onEnd < retry.attempts;) {
      signal.throwIfAborted();
      const item = queue.shift();
      if (!item) {
        if (running === 0) return;
        await changed.promise;
        continue;
      }
      running++;
      let answer: T;
      try {
        answer = await options.send(host, item.index, signal);
      } catch (error) {
        running--;
        if (!(error instanceof RequestError)) throw error;
        last = { index: item.index, host, error };
        const isMissing = error.status === 404;
        item.failures++;
        if (!isMissing && error.isPassing) onEnd++;
        // A request is to blame where its server answers others; otherwise the server is.
        const isToBlame = !error.isPassing || item.failures >= retry.attempts;
        if (!isMissing && isToBlame && onEnd < retry.attempts) failures.push(last);
        else queue.push(item);
        change();
        if (isMissing) {
          onNotice?.(`${host} is given up: ${error.message}.`);
          return;
        }
        if (!error.isPassing) continue;
        if (onEnd === retry.attempts) onNotice?.(`${host} is given up: ${error.message}.`);
        else {
          const delay = Math.min(retry.firstDelayMs * 2 ** (onEnd - 1), retry.longestDelayMs);
          const wait = Math.max(delay, error.retryAfterMs);
          onNotice?.(`${host} failed (${error.message}); it is tried again in ${wait / 1000} s.`);
          await clock.sleep(wait, signal);
        }
        continue;
      }
      onEnd = 0;
      await options.onAnswer(item.index, answer);
      running--;
      change();
    }
  };

  signal.addEventListener("abort", change);
  const workers = hosts.flatMap((host) => Array.from({ length: parallel }, () => work(host)));
  try {
    await Promise.all(workers);
  } finally {
    // One that fails ends the others, and what they are storing is stored.
    ended.abort(new DOMException("Another request ended them all.", "AbortError"));
    await Promise.allSettled(workers);
    signal.removeEventListener("abort", change);
  }
  return [...failures, ...queue.map(({ index }) => ({ ...last!, index }))];
}
