/**
 * A thread that hands a worker's stdin on, line by line, and ends the process at its end: the supervisor holds the
 * other side, and has gone, however it went. It depends on no event loop, so that it works while the process computes
 * or waits for others.
 *
 * @module
 */
const { postMessage } = self as unknown as { postMessage(line: string): void };
const chunk = new Uint8Array(1 << 16), decoder = new TextDecoder();
let rest = "";
for (;;) {
  const count = Deno.stdin.readSync(chunk);
  if (count === null) Deno.kill(Deno.pid, "SIGKILL");
  const lines = (rest + decoder.decode(chunk.subarray(0, count ?? 0), { stream: true }))
    .split("\n");
  rest = lines.pop()!;
  lines.forEach((line) => postMessage(line));
}
