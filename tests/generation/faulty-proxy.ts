/**
 * A proxy in front of an Ollama server that breaks answers in the ways in which networks and servers do.
 *
 * @module
 */

/**
 * What happens to one request: nothing; the connection is reset before or in the middle of the answer; the answer
 * ends in its middle as if it were whole; a line of it is garbled; it comes byte by byte; another status is given
 * in its place; nothing ever comes.
 */
export type Fault = "none" | "reset" | "torn" | "half" | "garbled" | "drip" | "silent" | number;

export interface FaultyProxy {
  host: string;
  /** Requests for answers that came in. */
  readonly requests: number;
  /** Resolves when the next request is left without an answer, or when `signal` is aborted. */
  nextSilence(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param upstream `http://127.0.0.1:PORT`
 * @param faultOf the fault of the n-th request for an answer, from 0
 */
export function faultyProxy(upstream: string, faultOf: (n: number) => Fault): FaultyProxy {
  const { hostname, port } = new URL(upstream);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const waiting = new Set<() => void>();
  let requests = 0;

  const serve = async (client: Deno.Conn) => {
    open.add(client);
    try {
      const request = await readRequest(client);
      if (!request) return;
      const isAnswer = /^POST \/api\/generate /.test(request.head);
      const fault = isAnswer ? faultOf(requests++) : "none";
      if (fault === "reset") return;
      if (fault === "silent") {
        waiting.forEach((wake) => wake());
        // Until the client hangs up.
        await client.read(new Uint8Array(1));
        return;
      }
      if (typeof fault === "number") {
        const body = fault === 502 ? "<html>Bad gateway</html>" : '{"error":"busy"}';
        await client.write(encoder.encode(
          `HTTP/1.1 ${fault} X\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        ));
        return;
      }
      await pass(request, client, fault);
    } catch {
      // A peer that went away.
    } finally {
      open.delete(client);
      close(client);
    }
  };

  const pass = async (request: Request, client: Deno.Conn, fault: Fault) => {
    const server = await Deno.connect({ hostname, port: Number(port) });
    try {
      // One request a connection, so that the end of the answer is the end of the connection.
      const head = request.head.replace(/\r\nconnection:[^\r]*/i, "")
        .replace(/^(\w+ \S+) HTTP\/1\.1/, "$1 HTTP/1.0");
      await writeAll(server, encoder.encode(`${head}\r\n\r\n`));
      await writeAll(server, request.body);
      if (fault === "none") return await forward(server, client);
      const answer = await readAll(server);
      const text = new TextDecoder().decode(answer);
      const start = text.indexOf("\r\n\r\n") + 4;
      const lines = text.slice(start).split("\n");
      const middle = Math.floor(lines.length / 2);
      if (fault === "drip") {
        for (const byte of answer) await client.write(Uint8Array.of(byte));
      } else if (fault === "garbled") {
        lines[middle] = lines[middle].slice(5, -5);
        await writeAll(client, encoder.encode(text.slice(0, start) + lines.join("\n")));
      } else {
        // In the middle of a line, or behind a whole one.
        const half = lines.slice(0, middle).join("\n") + (fault === "torn" ? '\n{"resp' : "\n");
        await writeAll(client, encoder.encode(text.slice(0, start) + half));
      }
    } finally {
      close(server);
    }
  };

  const accept = async () => {
    const served: Promise<void>[] = [];
    for await (const client of listener) served.push(serve(client));
    await Promise.all(served);
  };
  const done = accept();
  return {
    host: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    get requests() {
      return requests;
    },
    nextSilence(signal) {
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal?.addEventListener("abort", wake);
      });
    },
    async close() {
      listener.close();
      open.forEach(close);
      await done;
    },
  };
}

interface Request {
  head: string;
  body: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

async function readRequest(conn: Deno.Conn): Promise<Request | undefined> {
  let bytes = new Uint8Array();
  const chunk = new Uint8Array(4096);
  while (true) {
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    const length = Number(text.match(/\r\ncontent-length: *(\d+)/i)?.[1] ?? 0);
    if (end >= 0 && bytes.length >= end + 4 + length) {
      return { head: text.slice(0, end), body: bytes.slice(end + 4, end + 4 + length) };
    }
    const n = await conn.read(chunk);
    if (n === null) return undefined;
    bytes = joined(bytes, chunk.subarray(0, n));
  }
}

async function readAll(conn: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(conn.readable).arrayBuffer());
}

async function forward(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(4096);
  for (let n = await from.read(chunk); n !== null; n = await from.read(chunk)) {
    await writeAll(to, chunk.subarray(0, n));
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed by its other end.
  }
}
