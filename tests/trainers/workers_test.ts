/** Training in workers: the numbers of one process, whatever happens to a worker or to the supervisor. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { childrenOf, ended, localAddresses } from "./child-processes.ts";
import { saveTinyModel } from "./tiny-model.ts";
import type { Finished, Seen } from "./train-process.ts";
import { assertSameMetrics, metric, type Settings, workerRuns } from "./worker-runs.ts";

const TWO = { trainer: "FSDPTrainer", devices: 2 };
const FILES = ["policy/model.safetensors", "optimizer.safetensors"];

const folder = await Deno.makeTempDir();
await saveTinyModel(join(folder, "tiny"));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const { run, good, assertCloseWeights, peaks } = workerRuns(folder);

const digest = (name: string, file: string) =>
  createHash("sha256").update(Deno.readFileSync(join(folder, name, "LATEST", file))).digest("hex");
/** After the checkpoint at 4 examples. */
const afterCheckpoint = ({ result }: Seen) =>
  result?.examples === 6 && result["loss/train"] !== undefined;

function assertSameWeights(found: string, wanted: string): void {
  for (const file of FILES) assert.equal(digest(found, file), digest(wanted, file), file);
}

let alone: Finished, two: Finished;

Deno.test("two workers: losses, held-out metrics and weights of one process", async () => {
  alone = await good("alone", {});
  two = await good("two", TWO);
  assertSameMetrics(two, alone);
  assertCloseWeights("two", "alone");

  const again = await good("two", TWO);
  assert.equal(metric(again, "loss/train").size, 0, "a finished run is not trained again");
  const other = await run("two", { ...TWO, lr: 2e-3 });
  assert.equal(other.code, 2);
  assert.match(other.stderr, /was begun with other settings: lr=0.001, now 0.002/);
});

Deno.test("one goes on from what two saved, and two from what one saved", async () => {
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-4"));
  for (const [name, first, second] of [["to-one", TWO, {}], ["to-two", {}, TWO]] as const) {
    const killed = await run(name, first, stop);
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await good(name, second);
    assert.match(resumed.stderr, /resumed from .*step-4 /);
    assertCloseWeights(name, "alone");
  }
});

Deno.test("adapters on a divided base: two workers train what one process does, and either goes on from the other", async () => {
  const lora = { "lora.r": 2, lr: 1e-2, optimizer: "AdamW" };
  const one = await good("lora-alone", lora), both = await good("lora-two", { ...lora, ...TWO });
  assertSameMetrics(both, one);
  assertCloseWeights("lora-two", "lora-alone");
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-4"));
  assert.equal((await run("lora-to-one", { ...lora, ...TWO }, stop)).signal, "SIGKILL");
  await good("lora-to-one", lora);
  assertCloseWeights("lora-to-one", "lora-alone");
});

Deno.test("a reference that follows the policy does so in pieces, and is saved whole", async () => {
  const following = { sync_ref_model: true, ref_model_sync_steps: 2, ref_model_mixup_alpha: 0.6 };
  const one = await good("sync-alone", following);
  const both = await good("sync-two", { ...following, ...TWO });
  assertSameMetrics(both, one);
  assertCloseWeights("sync-two", "sync-alone");
  const stop = ({ line }: Seen) => Boolean(line?.includes("saved") && line.includes("step-4"));
  assert.equal((await run("sync-to-two", following, stop)).signal, "SIGKILL");
  await good("sync-to-two", { ...following, ...TWO });
  assertCloseWeights("sync-to-two", "sync-alone");
});

Deno.test("a worker that is killed is named with its step; all go on by themselves to the same weights", async () => {
  let killed = false;
  const { stderr } = await good("lost", TWO, (seen) => {
    if (!killed && afterCheckpoint(seen)) {
      killed = true;
      Deno.kill(childrenOf(seen.pid)[1], "SIGKILL");
    }
    return false;
  });
  assert.match(
    stderr,
    /worker 1 was killed by SIGKILL after update \d+; all workers start again from step-\d+ \(1 of/,
  );
  assertSameWeights("lost", "two");
});

Deno.test("a worker that hangs is named and started again", async () => {
  let stopped = false;
  const { stderr } = await good("hung", { ...TWO, hang_timeout: 5 }, (seen) => {
    if (!stopped && afterCheckpoint(seen)) {
      stopped = true;
      Deno.kill(childrenOf(seen.pid)[0], "SIGSTOP");
    }
    return false;
  });
  assert.match(stderr, /worker 0 hangs after update \d+; all workers start again from step-\d+/);
  assertSameWeights("hung", "two");
});

Deno.test("nobody else reaches the workers, and none is left by a supervisor that is killed; the same command goes on to the same weights", async () => {
  let workers: number[] = [], addresses: string[][] = [];
  const { signal, stderr } = await run("killed", TWO, (seen) => {
    if (!afterCheckpoint(seen)) return false;
    workers = childrenOf(seen.pid);
    addresses = workers.map(localAddresses);
    return true;
  });
  assert.equal(signal, "SIGKILL", stderr);
  assert.deepEqual(addresses, [["127.0.0.1"], ["127.0.0.1"]]);
  await ended(workers);
  await good("killed", TWO);
  assertSameWeights("killed", "two");
});

Deno.test("Ctrl-C saves after the same update everywhere; the same command goes on to the same weights", async () => {
  let interrupted = false;
  const { code, stderr, results } = await run("stopped", TWO, (seen) => {
    if (!interrupted && afterCheckpoint(seen)) {
      interrupted = true;
      Deno.kill(seen.pid, "SIGINT");
    }
    return false;
  });
  const last = Math.max(...metric({ results } as Finished, "loss/train").keys());
  assert.equal(code, 130, stderr);
  assert.match(stderr, new RegExp(`saved .*step-${last}\\b`));
  await good("stopped", TWO);
  assertSameWeights("stopped", "two");
});

Deno.test("lost more often than max_restarts, the run is given up and names the worker", async () => {
  const { code, stderr } = await run("given-up", { ...TWO, max_restarts: 0 }, (seen) => {
    if (afterCheckpoint(seen)) Deno.kill(childrenOf(seen.pid)[0], "SIGKILL");
    return false;
  });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /worker 0 was killed by SIGKILL after update \d+.*max_restarts/);
});

Deno.test("one worker alone needs no network and has the same numbers", async () => {
  const one = await good("one", { trainer: "FSDPTrainer", devices: 1 });
  const wanted = metric(alone, "loss/train");
  for (const [examples, value] of metric(one, "loss/train")) {
    assert.ok(Math.abs(wanted.get(examples)! - value) < 1e-4);
  }
  assertCloseWeights("one", "alone");
});

Deno.test("the memory that a worker takes falls with their number", async () => {
  const [one, ofTwo] = await peaks("FSDPTrainer");
  // Weights, gradients and the optimiser's state are four times the weights; half of that is 300 MB.
  assert.ok(ofTwo < one - 2e8, `of one ${one} bytes, of each of two ${ofTwo}`);
});

Deno.test("what cannot be divided is refused in one sentence, and nothing is made", async () => {
  const cases: [Settings, RegExp][] = [
    [{ batch_size: 3 }, /batch_size=3 has to be a multiple of .*2 devices/],
    [{ "model.fsdp_policy_mp": "float16" }, /fsdp_policy_mp=float16 .*take bfloat16/],
    [{ model: join(folder, "nowhere") }, /there is no model at/],
  ];
  for (const [change, message] of cases) {
    const { code, stderr } = await run("refused", { ...TWO, ...change });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n\s+at /);
    await assert.rejects(Deno.stat(join(folder, "refused", "config.json")));
  }
});
