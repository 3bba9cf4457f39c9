/**
 * Sends requests to a model and stores each answer as soon as it is there, so that work that was interrupted
 * goes on where it stopped: a request whose key is stored is not sent again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { OnProgress } from "@/lib/progress.ts";
import type { Question } from "@/lib/questions/question.ts";
import { type Row, type Store, withStore } from "@/lib/store/store.ts";
import { extractCode, type ReadAnswer, type ReadStatus } from "@/lib/generation/code-blocks.ts";
import type { Wanted } from "@/lib/generation/reading/mend.ts";
import type { Answer, GenerationRequest, Generator } from "@/lib/generation/generator.ts";

/** How to sample. */
export interface SamplingOptions {
  temperature: number;
  top_p: number;
  num_predict: number;
  num_ctx: number;
  /** Texts that end an answer. */
  stop?: string[];
  /** Seeds of the single requests are drawn from it, the question and the attempt. */
  seed: number;
}

export const DEFAULT_SAMPLING: SamplingOptions = {
  temperature: 0.8,
  top_p: 0.95,
  num_predict: 512,
  num_ctx: 2048,
  seed: 0,
};

/** One question put to a model in one attempt. */
export interface QuestionRequest {
  slug: string;
  prompt: string;
  attempt: number;
  /** What its solutions have to define. */
  wanted?: Wanted;
}

/** A stored generation, as far as those who asked for it need it. */
export interface StoredGeneration {
  id: string;
  slug: string;
  variant: number;
  code: string | null;
  status: ReadStatus;
}

/** What happens to be watched while requests run. */
export interface RequestHooks {
  onProgress?: OnProgress;
  /** Text as it arrives, by question. */
  onText?: (slug: string, delta: string) => void;
  signal?: AbortSignal;
}

/**
 * Sees to it that every request is answered and stored, and gives back what is stored for each, in the order
 * of the requests.
 */
export async function answerRequests(
  dbPath: string,
  generator: Generator,
  requests: QuestionRequest[],
  sampling: SamplingOptions,
  { onProgress, onText, signal }: RequestHooks = {},
): Promise<StoredGeneration[][]> {
  const planned = requests.map((request) => plan(request, sampling, generator));
  const stored = await withStore(dbPath, (store) => readStored(store, planned.map((p) => p.key)));
  const open = planned.filter(({ key }) => !stored.has(key));
  let done = planned.length - open.length;
  if (planned.length > 0) onProgress?.(done, planned.length);
  if (open.length > 0) {
    await generator.generate(open.map(({ request }) => request), {
      onText: (index, delta) => onText?.(open[index].slug, delta),
      onAnswer: async (index, answer) => {
        const item = open[index];
        const rows = answerRows(item, answer, generator);
        await withStore(dbPath, (store) =>
          store.transaction(async () => {
            await store.insert("generations", rows, "DO NOTHING");
          }));
        stored.set(
          item.key,
          rows.map(({ id, slug, variant, code, status }) => (
            { id, slug, variant, code, status } as StoredGeneration
          )),
        );
        onProgress?.(++done, planned.length, item.slug);
      },
      signal,
    });
  }
  return planned.map(({ key }) => stored.get(key) ?? []);
}

/** What a question's solutions have to define. */
export function wantedOf({ entry_point, starter_code }: Question): Wanted {
  return { entryPoint: entry_point, starterCode: starter_code };
}

interface Planned {
  slug: string;
  wanted?: Wanted;
  key: string;
  request: GenerationRequest;
}

function plan(
  { slug, prompt, attempt, wanted }: QuestionRequest,
  sampling: SamplingOptions,
  generator: Generator,
): Planned {
  const request = { prompt, ...sampling, seed: seedOf(sampling.seed, slug, attempt) };
  const { temperature, top_p, num_predict, num_ctx, seed } = request;
  const key = digest([
    slug,
    prompt,
    temperature,
    top_p,
    num_predict,
    num_ctx,
    seed,
    generator.provider,
    generator.modelDigest,
    ...request.stop ?? [],
  ]);
  return { slug, wanted, key, request };
}

/** A seed of 31 bits: the same for the same question, attempt and seed of the run. */
function seedOf(seed: number, slug: string, attempt: number): number {
  return parseInt(digest([seed, slug, attempt]).slice(0, 8), 16) >>> 1;
}

function digest(values: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

/** One row per solution in the answer; an answer without one makes a row that says so. */
function answerRows(
  { slug, wanted, key, request }: Planned,
  answer: Answer,
  generator: Generator,
): Row[] {
  const { prompt, ...options } = request;
  const { codes, status } = readAnswer(answer, wanted);
  const read: (string | null)[] = codes.length > 0 ? codes : [null];
  return read.map((code, variant) => ({
    id: digest([key, variant]).slice(0, 32),
    request_key: key,
    variant,
    slug,
    prompt,
    options: { ...options },
    model: generator.model,
    model_digest: generator.modelDigest,
    provider: generator.provider,
    raw_text: answer.text,
    code,
    status,
    done_reason: answer.doneReason,
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    milliseconds: answer.milliseconds,
  }));
}

function readAnswer({ text, doneReason }: Answer, wanted?: Wanted): ReadAnswer {
  // A model that did not see the whole question has not answered it, however good its code looks.
  if (doneReason === "prompt") return { codes: [], status: "prompt_cut" };
  return extractCode(text, { doneReason, wanted });
}

async function readStored(store: Store, keys: string[]): Promise<Map<string, StoredGeneration[]>> {
  const rows = await store.rows<StoredGeneration & { request_key: string }>(
    `SELECT request_key, id, slug, variant, code, status FROM generations
     WHERE request_key IN (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')))
     ORDER BY request_key, variant`,
    [keys],
  );
  const byKey = new Map<string, StoredGeneration[]>();
  for (const { request_key, ...generation } of rows) {
    byKey.set(request_key, [...byKey.get(request_key) ?? [], generation]);
  }
  return byKey;
}
