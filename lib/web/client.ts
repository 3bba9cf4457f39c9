/**
 * What the page in the browser asks of the server.
 *
 * @module
 */
import type { LabelingItem, Wanted } from "@/lib/labels/item.ts";
import type { Feedback } from "@/lib/labels/practice.ts";
import type { RecentDecision, Work } from "@/lib/labels/recent.ts";
import type { LabelRequest } from "@/lib/labels/save.ts";
import type { DatasetEvent, ShownRevision } from "@/lib/web/datasets.ts";
import type { SideVerdict } from "@/lib/labels/showing.ts";
import { Refusal } from "@/lib/web/refusal.ts";
import { runAddress } from "@/lib/web/run-address.ts";
import type { TestRun } from "@/lib/web/run-tests.ts";
import type { RunList, RunView } from "@/lib/web/runs.ts";
import type { ShownItem, ShownPractice } from "@/lib/web/shown.ts";

const LONGEST_SAVE_MS = 20_000;

/** What arrives while a pair is made, one JSON object a line. */
export type GenerationEvent =
  /** What the model writes, on one of the sides, or beside the code. */
  | { text: string; side?: "a" | "b" }
  /** These sides begin anew. */
  | { writing: ("a" | "b")[] }
  | { note: string }
  | { pair: string }
  | { error: string };

/**
 * An item to show: a pair, a question, or, with neither, the next one.
 * @throws Refusal with a sentence for the labeler
 */
export async function fetchItem(
  { except = [], showing, ...wanted }: Wanted = {},
): Promise<ShownItem> {
  const query = new URLSearchParams({ ...wanted, render: "html" });
  if (showing !== undefined) query.set("showing", String(showing));
  for (const pair of except) query.append("except", pair);
  return await (await ask(`/api/next?${query}`)).json();
}

/**
 * The code on a side, however long it is.
 * @throws Refusal with a sentence for the labeler
 */
export async function fetchCode(pair: string, showing: number, side: "a" | "b"): Promise<string> {
  const query = new URLSearchParams({ pair, showing: String(showing) });
  const item: LabelingItem = await (await ask(`/api/next?${query}`)).json();
  return item[side]!.code;
}

/** The parts of a label that differ from decision to decision; a repeat sends the same `client_id`. */
export type Sent =
  & Pick<LabelRequest, "client_id" | "pair" | "showing" | "action">
  & Partial<LabelRequest>;

/**
 * Saves a decision; it may be sent again with the same `client_id` when it is not known to have arrived.
 * @throws Refusal with a sentence for the labeler
 */
export async function sendLabel(label: Sent): Promise<void> {
  // A connection that hangs is given up, and the label sent again.
  await post("/api/labels", label, AbortSignal.timeout(LONGEST_SAVE_MS));
}

/**
 * Runs the unit tests on one side of a pair.
 * @throws Refusal with a sentence for the labeler
 */
export async function runTests(pair: string, side: "a" | "b"): Promise<TestRun> {
  return await (await post("/api/judge", { pair, side })).json();
}

/**
 * What to practise on next.
 * @throws Refusal with a sentence for the labeler
 */
export async function fetchPractice(): Promise<ShownPractice> {
  return await (await ask("/api/practice?render=html")).json();
}

/**
 * Answers a practice pair.
 * @throws Refusal with a sentence for the labeler
 */
export async function sendPractice(pair: string, preference: SideVerdict): Promise<Feedback> {
  return await (await post("/api/practice", { pair, preference })).json();
}

/**
 * Passes over the rest of the practice pairs.
 * @throws Refusal with a sentence for the labeler
 */
export async function skipPractice(): Promise<void> {
  await post("/api/practice", { skip: true });
}

/**
 * The newest own decisions that stand, and what was done since `since`.
 * @throws Refusal with a sentence for the labeler
 */
export async function fetchMine(
  since: Date,
): Promise<{ labels: RecentDecision[]; work: Work }> {
  const query = new URLSearchParams({ mine: "", since: since.toISOString() });
  return await (await ask(`/api/labels?${query}`)).json();
}

/**
 * Has a pair of solutions made and reports on it until it is there.
 * @throws Refusal with a sentence for the labeler, and AbortError when cancelled
 */
export async function generate(
  request: {
    question: string;
    instruction?: string;
    keep?: { pair: string; side: "a" | "b" };
  },
  onEvent: (event: GenerationEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await readEvents(await post("/api/generate", request, signal), onEvent);
}

/**
 * Has a dataset looked at or published and reports on it until it is done.
 * @throws Refusal with a sentence for people, and AbortError when cancelled
 */
export async function publishDataset(
  request: Record<string, unknown>,
  onEvent: (event: DatasetEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await readEvents(await post("/api/datasets", request, signal), onEvent);
}

/**
 * What was published, the newest first.
 * @throws Refusal with a sentence for people
 */
export async function fetchRevisions(): Promise<ShownRevision[]> {
  return (await (await ask("/api/datasets")).json()).revisions;
}

/**
 * Saves a pair that was made for this labeler.
 * @throws Refusal with a sentence for the labeler
 */
export async function savePair(pair: string): Promise<void> {
  await post("/api/pairs", { pair });
}

/**
 * All training runs.
 * @throws Refusal with a sentence for people
 */
export async function fetchRuns(): Promise<RunList> {
  return await (await ask("/api/runs")).json();
}

/**
 * A training run as it is now; null where it is as it was.
 * @throws Refusal with a sentence for people
 */
export async function fetchRun(known: RunView): Promise<RunView | null> {
  const query = new URLSearchParams({ version: known.version });
  const response = await ask(`/api${runAddress(known)}?${query}`);
  return response.status === 204 ? null : await response.json();
}

/** Reads a stream of JSON objects, one a line. */
async function readEvents<E>(response: Response, onEvent: (event: E) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const { done, value } = await reader.read().catch(explain);
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onEvent(JSON.parse(line));
  }
}

function post(address: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return ask(address, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function ask(address: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(address, init).catch(explain);
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new Refusal(
    response.status,
    error ?? `The server failed with status ${response.status}.`,
  );
}

/** Says what a failed request means, unless it was cancelled. */
function explain(error: Error): never {
  if (error.name === "AbortError") throw error;
  throw new Error("The server does not answer; is `deno task label` still running?");
}
