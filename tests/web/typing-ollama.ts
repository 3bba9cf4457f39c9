/**
 * A server with Ollama's protocol that writes as a test says: piece by piece, with pauses until the test goes on.
 *
 * @module
 */

/** A piece of an answer, or what has to happen before the next one. */
export type Piece = string | Promise<void>;

export interface TypingOllama extends AsyncDisposable {
  host: string;
  /** Prompts, in their order. */
  readonly prompts: string[];
  /** Settles when somebody has stopped listening to an answer. */
  readonly left: Promise<void>;
}

/** @param answer the pieces of the n-th answer, from 0 */
export function typingOllama(answer: (n: number) => Piece[]): TypingOllama {
  const prompts: string[] = [];
  const left = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (new URL(request.url).pathname === "/api/tags") {
      return Response.json({ models: [{ name: "typist:latest", digest: "abc" }] });
    }
    const pieces = answer(prompts.push((await request.json()).prompt) - 1);
    let isOpen = true;
    return new Response(
      new ReadableStream({
        async start(controller) {
          const send = (part: Record<string, unknown>) => {
            if (isOpen) controller.enqueue(encoder.encode(JSON.stringify(part) + "\n"));
          };
          for (const piece of pieces) {
            if (typeof piece === "string") send({ response: piece, done: false });
            else await piece;
          }
          send({
            response: "",
            done: true,
            done_reason: "stop",
            prompt_eval_count: 20,
            eval_count: pieces.length,
          });
          if (isOpen) controller.close();
        },
        cancel() {
          isOpen = false;
          left.resolve();
        },
      }),
    );
  });
  return {
    host: `http://127.0.0.1:${server.addr.port}`,
    prompts,
    left: left.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
