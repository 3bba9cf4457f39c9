/**
 * Answers of a hub, right ones and planted wrong ones.
 *
 * @module
 */

export type Handler = (request: Request) => Response | Promise<Response>;

/** A refusal, as the hub words it. */
export function problem(
  status: number,
  error: string,
  code?: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error }, {
    status,
    headers: { ...headers, ...(code ? { "X-Error-Code": code, "X-Error-Message": error } : {}) },
  });
}

/** A file or the rest of it. */
export function content(
  request: Request,
  bytes: Uint8Array,
  headers: Record<string, string>,
): Response {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "") ?? [];
  const start = Number(from ?? 0), part = bytes.slice(start);
  return new Response(request.method === "HEAD" ? null : part, {
    status: from === undefined ? 200 : 206,
    headers: {
      ...headers,
      "Accept-Ranges": "bytes",
      "Content-Length": String(part.length),
      ...(from === undefined
        ? {}
        : { "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    },
  });
}

/** A fault: an answer instead of the right one. */
export const answers = (
  status: number,
  error: string,
  headers: Record<string, string> = {},
  code?: string,
) =>
() =>
() => problem(status, error, code, headers);

/** A fault: the connection breaks after so many bytes of the right answer. */
export const breaksAfter = (bytes: number) => (next: Handler): Handler => async (request) => {
  const right = await next(request);
  const whole = new Uint8Array(await right.arrayBuffer());
  // The length that is announced is that of all.
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(whole.subarray(0, bytes));
      controller.close();
    },
  });
  return new Response(body, { status: right.status, headers: right.headers });
};
