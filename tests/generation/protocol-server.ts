/**
 * A server that speaks as much of Ollama's protocol as tests need; its answers depend on the request alone.
 *
 * @module
 */

export interface ProtocolServer {
  host: string;
  /** Bodies of the requests for answers. */
  readonly asked: Record<string, unknown>[];
  /** Models that were pulled. */
  readonly pulled: string[];
  /** Stops listening. */
  close(): Promise<void>;
}

/** The answer to a prompt, in the parts in which it is streamed. */
export function partsFor(prompt: string): string[] {
  return ["Grüße, ", "hier ", "ist ", "die ", "Antwort ", `auf ${prompt}: `, "λ"];
}

/**
 * @param models names and digests that the server offers
 * @param ready what answers wait for
 */
export function protocolServer(
  models: Record<string, string> = { "m:latest": "abc" },
  ready: Promise<void> = Promise.resolve(),
): ProtocolServer {
  const offered = { ...models };
  const asked: Record<string, unknown>[] = [];
  const pulled: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/tags") {
      return Response.json({
        models: Object.entries(offered).map(([name, digest]) => ({ name, digest })),
      });
    }
    const body = await request.json();
    if (pathname === "/api/pull") {
      pulled.push(body.model);
      offered[`${body.model}:latest`] = "pulled";
      return lines([
        { status: "pulling manifest" },
        { status: "downloading", total: 100, completed: 40 },
        { status: "downloading", total: 100, completed: 100 },
        { status: "success" },
      ]);
    }
    asked.push(body);
    await ready;
    const parts = partsFor(body.prompt).map((response) => ({ response, done: false }));
    const end = {
      response: "",
      done: true,
      done_reason: "stop",
      prompt_eval_count: 7,
      eval_count: 7,
    };
    return lines([...parts, end]);
  });
  return {
    host: `http://127.0.0.1:${server.addr.port}`,
    asked,
    pulled,
    close: () => server.shutdown(),
  };
}

function lines(parts: unknown[]): Response {
  return new Response(parts.map((part) => `${JSON.stringify(part)}\n`).join(""));
}
