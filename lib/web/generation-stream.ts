/**
 * The making of a pair as a stream of events.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { GenerationEvent } from "@/lib/web/client.ts";
import type { PairMaker } from "@/lib/web/state.ts";

/** One {@link GenerationEvent} a line; when the reader goes away, the making is cancelled. */
export function generationStream(
  makePair: PairMaker,
  request: Parameters<PairMaker>[0],
): ReadableStream<Uint8Array> {
  const cancelled = new AbortController();
  return new ReadableStream({
    async start(controller) {
      const encoder = new TextEncoder();
      const send = (event: GenerationEvent) => {
        if (!cancelled.signal.aborted) {
          controller.enqueue(encoder.encode(JSON.stringify(event) + "\n"));
        }
      };
      try {
        const { pair } = await makePair(request, {
          onText: (text) => send({ text }),
          onProgress: (_done, _total, note) => note && send({ note }),
          signal: cancelled.signal,
        });
        send({ pair });
      } catch (error) {
        if (!cancelled.signal.aborted) send({ error: sentence(error) });
      }
      if (!cancelled.signal.aborted) controller.close();
    },
    cancel: () => cancelled.abort(),
  });
}

function sentence(error: unknown): string {
  if (error instanceof InputError || error instanceof OperationError) return error.message;
  console.error(error);
  return "The model failed; the server's terminal says why.";
}
