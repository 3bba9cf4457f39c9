/**
 * Long work as a stream of events, one JSON object a line.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";

/**
 * What the work sends as it goes; where it fails, `{ error }` comes last. When the reader goes away, it is cancelled.
 *
 * @param failed the sentence for an error that is a bug, which is shown in the server's terminal
 */
export function eventLines<E extends object>(
  work: (send: (event: E) => void, signal: AbortSignal) => Promise<void>,
  failed: string,
): Response {
  const cancelled = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const encoder = new TextEncoder();
      const send = (event: E | { error: string }) => {
        if (!cancelled.signal.aborted) {
          controller.enqueue(encoder.encode(JSON.stringify(event) + "\n"));
        }
      };
      try {
        await work(send, cancelled.signal);
      } catch (error) {
        if (!cancelled.signal.aborted) send({ error: sentence(error, failed) });
      }
      if (!cancelled.signal.aborted) controller.close();
    },
    cancel: () => cancelled.abort(),
  });
  return new Response(stream, {
    headers: { "Content-Type": "application/x-ndjson; charset=utf-8" },
  });
}

function sentence(error: unknown, failed: string): string {
  if (error instanceof InputError || error instanceof OperationError) return error.message;
  console.error(error);
  return failed;
}
