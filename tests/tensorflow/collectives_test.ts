/** Two processes compute together; when one dies the other's waiting ends. */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { freePorts } from "../free-ports.ts";

const WORKER = fromFileUrl(new URL("./processes/collectives.ts", import.meta.url));

/** What each of two processes printed. */
async function cluster(mode: "lives" | "dies"): Promise<Record<string, unknown>[][]> {
  const addresses = freePorts(2).map((port) => `localhost:${port}`);
  return await Promise.all([0, 1].map(async (rank) => {
    const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", WORKER, `${rank}`, mode, ...addresses],
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, mode === "dies" && rank === 1 ? 3 : 0, new TextDecoder().decode(stderr));
    return text.trim().split("\n").map((line) => JSON.parse(line));
  }));
}

Deno.test("sums and gathered rows are the same in both processes, eagerly, in traced functions and in what these call", async () => {
  const expected = [
    { sum: [[3, 30]] },
    { gathered: [[1, 10], [2, 20]] },
    ...[0, 1, 2].map((call) => ({
      total: [[210 * (3 + 2 * call), 210 * (30 + 2 * call)]],
      rows: [[1 + call, 10 + call], [2 + call, 20 + call]],
    })),
    { first: [[12, 120]], second: [[20, 128]] },
  ];
  for (const lines of await cluster("lives")) assert.deepEqual(lines, expected);
});

Deno.test("waiting for a process that died ends with an error after the time given", async () => {
  const [survivor] = await cluster("dies");
  assert.match(String(survivor.at(-1)!.error), /timed out|UNAVAILABLE|connect/i);
});
