/**
 * Labelers who talk to the JSON API, each asking for the next pair as soon as the label before is stored.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";

/** What the labelers saw, in milliseconds. */
export interface Timings {
  next: number[];
  save: number[];
  /** From the first request to the last answer. */
  seconds: number;
}

/** Who labels, and how much. */
export interface Team {
  origin: string;
  token: string;
  labelers: number;
  /** Labels of all together. */
  labels: number;
  /** Requests before this many labels do not count: what is cold then is not afterwards. */
  warmUp: number;
  onLabel?: (stored: number) => void;
  signal?: AbortSignal;
}

/**
 * Has them label.
 * @throws OperationError when an answer is not what it should be
 */
export async function labelTogether(
  { origin, token, labelers, labels, warmUp, onLabel, signal }: Team,
): Promise<Timings> {
  const cookies: string[] = [];
  for (let i = 0; i < labelers; i++) {
    cookies.push(await signIn(origin, token, `labeler ${i}`));
  }
  const timings: Timings = { next: [], save: [], seconds: 0 };
  let started = 0, stored = 0, begin = performance.now();
  await Promise.all(cookies.map(async (Cookie) => {
    while (started < labels + warmUp) {
      signal?.throwIfAborted();
      started++;
      const counts = stored >= warmUp;
      const asked = performance.now();
      const { pair, showing } = await read(fetch(`${origin}/api/next`, { headers: { Cookie } }));
      if (counts) timings.next.push(performance.now() - asked);
      if (pair === null) throw new OperationError("A labeler ran out of pairs.");
      const sent = performance.now();
      await read(fetch(`${origin}/api/labels`, {
        method: "POST",
        headers: { Cookie, "Content-Type": "application/json" },
        body: JSON.stringify({
          client_id: crypto.randomUUID(),
          pair,
          showing,
          preference: ["a", "b", "same"][started % 3],
          correctness: "same",
          active_ms: 1000,
        }),
      }));
      if (counts) timings.save.push(performance.now() - sent);
      if (++stored === warmUp) begin = performance.now();
      onLabel?.(stored);
    }
  }));
  timings.seconds = (performance.now() - begin) / 1000;
  return timings;
}

async function signIn(origin: string, token: string, name: string): Promise<string> {
  const response = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, token }),
  });
  await response.body?.cancel();
  const cookie = response.headers.get("Set-Cookie");
  if (!cookie) throw new OperationError(`${name} could not sign in: status ${response.status}.`);
  return cookie.split(";")[0];
}

async function read(
  request: Promise<Response>,
): Promise<{ pair: string | null; showing: number }> {
  const response = await request;
  const body = await response.json();
  if (response.ok) return body;
  throw new OperationError(`The server answered ${response.status}: ${body.error}`);
}
