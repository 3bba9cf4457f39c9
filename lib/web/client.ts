/**
 * What the page in the browser asks of the server.
 *
 * @module
 */
import type { LabelRequest } from "@/lib/labels/save.ts";
import { runAddress } from "@/lib/web/run-address.ts";
import type { RunList, RunView } from "@/lib/web/runs.ts";
import type { ShownItem } from "@/lib/web/shown.ts";

/** What arrives while a pair is made, one JSON object a line. */
export type GenerationEvent =
  | { text: string }
  | { note: string }
  | { pair: string }
  | { error: string };

/**
 * An item to show: a pair, a question, or, with neither, the next one.
 * @throws Error with a sentence for the labeler
 */
export async function fetchItem(
  wanted: { pair?: string; question?: string } = {},
): Promise<ShownItem> {
  const query = new URLSearchParams({ ...wanted, render: "html" });
  return await (await ask(`/api/next?${query}`)).json();
}

/** The parts of a label that differ from decision to decision; a repeat sends the same `client_id`. */
export type Sent =
  & Pick<LabelRequest, "client_id" | "pair" | "showing" | "action">
  & Partial<LabelRequest>;

/**
 * Saves a decision; it may be sent again with the same `client_id` when it is not known to have arrived.
 * @throws Error with a sentence for the labeler
 */
export async function sendLabel(label: Sent): Promise<void> {
  await ask("/api/labels", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(label),
  });
}

/**
 * Has a pair of solutions made and reports on it until it is there.
 * @throws Error with a sentence for the labeler, and AbortError when cancelled
 */
export async function generate(
  request: { question: string; instruction: string },
  onEvent: (event: GenerationEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await ask("/api/generate", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const { done, value } = await reader.read().catch(explain);
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onEvent(JSON.parse(line));
  }
}

/**
 * All training runs.
 * @throws Error with a sentence for people
 */
export async function fetchRuns(): Promise<RunList> {
  return await (await ask("/api/runs")).json();
}

/**
 * A training run as it is now; null where it is as it was.
 * @throws Error with a sentence for people
 */
export async function fetchRun(known: RunView): Promise<RunView | null> {
  const query = new URLSearchParams({ version: known.version });
  const response = await ask(`/api${runAddress(known)}?${query}`);
  return response.status === 204 ? null : await response.json();
}

async function ask(address: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(address, init).catch(explain);
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `The server failed with status ${response.status}.`);
}

/** Says what a failed request means, unless it was cancelled. */
function explain(error: Error): never {
  if (error.name === "AbortError") throw error;
  throw new Error("The server does not answer; is `deno task label` still running?");
}
