/** Training on several machines, which here are processes that know each other's addresses alone. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { childrenOf, ended } from "./child-processes.ts";
import { saveTinyModel } from "./tiny-model.ts";
import type { Finished, Seen } from "./train-process.ts";
import { assertSameMetrics, metric, type Settings, workerRuns } from "./worker-runs.ts";

const folder = await Deno.makeTempDir();
await saveTinyModel(join(folder, "tiny"));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const { run, good, assertCloseWeights } = workerRuns(folder);

/** The first of so many ports in a row that nobody uses. */
function freePorts(count: number): number {
  for (;;) {
    const opened: Deno.Listener[] = [Deno.listen({ port: 0 })];
    const { port } = opened[0].addr as Deno.NetAddr;
    try {
      while (opened.length < count) opened.push(Deno.listen({ port: port + opened.length }));
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse || error instanceof RangeError)) throw error;
    } finally {
      opened.forEach((listener) => listener.close());
    }
  }
}

const twoNodes = (): Settings => ({
  trainer: "FSDPTrainer",
  ...{ nnodes: 2, devices: 1, trust_network: true },
  ...{ master_addr: "127.0.0.1", master_port: freePorts(3), hang_timeout: 120 },
});

/** After the checkpoint at 4 examples. */
const afterCheckpoint = ({ result }: Seen) =>
  result?.examples === 6 && result["loss/train"] !== undefined;

Deno.test("two machines: metrics and weights of one process; a machine that is lost joins again, and all go on", async () => {
  const nodes = twoNodes();
  const alone = await good("alone", {});
  let pid = 0, workers: number[] = [], again: Promise<Finished> | undefined;
  const lost = run("two", { ...nodes, node_rank: 1 }, (seen) => {
    pid = seen.pid;
    return false;
  });
  const first = await good("two", nodes, (seen) => {
    if (!again && afterCheckpoint(seen)) {
      workers = childrenOf(pid);
      Deno.kill(pid, "SIGKILL");
      again = lost.then(() => run("two", { ...nodes, node_rank: 1 }));
    }
    return false;
  });
  await ended(workers);
  assert.equal(workers.length, 1);
  assert.match(first.stderr, /node 1 has joined from 127\.0\.0\.1/);
  assert.match(
    first.stderr,
    /worker 1 was lost with node 1 after update \d+; all workers start again from step-\d+ \(1 of/,
  );
  const { code, stderr, results } = await again!;
  assert.equal(code, 0, stderr);
  assert.equal(results.at(-1)!.examples, 16);
  assertSameMetrics({ ...first, results: lastOfEach(first.results) }, alone);
  assertCloseWeights("two", "alone");
});

/** Updates that were made twice count once. */
function lastOfEach(results: Finished["results"]): Finished["results"] {
  const kinds = new Map<string, Record<string, unknown>>();
  for (const line of results) {
    kinds.set(`${line.examples} ${"loss/train" in line} ${"loss/eval" in line}`, line);
  }
  return [...kinds.values()];
}

Deno.test("Ctrl-C on any machine saves, and ends all of them", async () => {
  const nodes = twoNodes();
  let pid = 0;
  const second = run("stopped", { ...nodes, node_rank: 1 }, (seen) => {
    pid = seen.pid;
    return false;
  });
  let interrupted = false;
  const first = await run("stopped", nodes, (seen) => {
    if (!interrupted && afterCheckpoint(seen)) {
      interrupted = true;
      Deno.kill(pid, "SIGINT");
    }
    return false;
  });
  const last = Math.max(...metric(first, "loss/train").keys());
  assert.equal(first.code, 130, first.stderr);
  assert.match(first.stderr, new RegExp(`saved .*step-${last}\\b`));
  assert.equal((await second).code, 130);
});

Deno.test("a machine with other settings is refused and told which; one that never comes is named", async () => {
  const nodes = { ...twoNodes(), hang_timeout: 20 };
  const other = run("refused", { ...nodes, node_rank: 1, lr: 2e-3 });
  const first = await run("refused", nodes, ({ line }) => Boolean(line?.includes("may not join")));
  const { code, stderr } = await other;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /node 0 does not take this node: .*lr=0\.002, there 0\.001/);
  assert.match(first.stderr, /node 1 may not join: its settings are not node 0's: lr=/);

  const waiting = await run("waiting", { ...twoNodes(), hang_timeout: 1 });
  assert.equal(waiting.code, 1, waiting.stderr);
  assert.match(
    waiting.stderr,
    /node 1 of 2 did not join at 127\.0\.0\.1:\d+ within hang_timeout=1/,
  );
  const lonely = await run("lonely", { ...twoNodes(), node_rank: 1, hang_timeout: 1 });
  assert.equal(lonely.code, 1, lonely.stderr);
  assert.match(lonely.stderr, /node 0 was not reached at 127\.0\.0\.1:\d+ within hang_timeout=1/);
});
