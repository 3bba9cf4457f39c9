/** The reference's log-probs computed beforehand: the same training, and no work done twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { ReferenceLogps } from "@/lib/trainers/reference.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { trainProcess } from "./train-process.ts";

const PAIRS = new URL("../fixtures/pairs.jsonl", import.meta.url).pathname;

const pair = (ids: number[]): TokenizedPair => ({
  id: "p",
  prompt: "",
  chosen: { ids, start: 1 },
  rejected: { ids: [...ids, 7], start: 1 },
  truncated: { prompt: false, chosen: false, rejected: false },
});

Deno.test("what was computed is known again, also after an interrupted line, and only for the same ids", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [first, second] = [pair([1, 2, 3]), pair([1, 2, 4])];
    ReferenceLogps.open(folder, "sha256:ab", "fp32").add([first], [[-1.5, -2.25]]);
    const [file] = [...Deno.readDirSync(folder)];
    const path = join(folder, file.name);
    const whole = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, whole + '{"ids":"cut of');
    const again = ReferenceLogps.open(folder, "sha256:ab", "fp32");
    assert.deepEqual(again.missing([first, second, second]), [second]);
    const logps = again.of([first, first]);
    assert.deepEqual([...logps.dataSync()], [-1.5, -1.5, -2.25, -2.25]);
    logps.dispose();
    assert.equal(await Deno.readTextFile(path), whole);
    assert.equal(ReferenceLogps.open(folder, "sha256:ab", "bf16").missing([first]).length, 1);
    assert.equal(ReferenceLogps.open(folder, "sha256:cd", "fp32").missing([first]).length, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("precomputed, the reference gives the losses that it gives beside the policy, and is computed once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const run = async (name: string, precompute: string) => {
      const done = await trainProcess({
        model: join(folder, "tiny"),
        datasets: `["${PAIRS}"]`,
        test_fraction: 0.2,
        loss: "dpo",
        "loss.beta": 0.1,
        exp_name: name,
        precision: "fp32",
        lr: 1e-3,
        warmup_steps: 0,
        batch_size: 2,
        n_epochs: 2,
        eval_every: 8,
        debug: true,
        minimum_log_interval_secs: 0,
        precompute_reference: precompute,
        reference_cache: join(folder, "cache"),
        local_run_dir: join(folder, name),
      });
      assert.equal(done.code, 0, done.stderr);
      const losses = done.results.flatMap((line) =>
        (["loss/train", "loss/eval"] as const).flatMap((key) =>
          key in line ? [Number(line[key])] : []
        )
      );
      const computed = done.results.find((line) => "reference_pairs" in line)?.reference_pairs;
      return { losses, computed };
    };
    const live = await run("live", "false");
    const first = await run("first", "true");
    // Two passes over the data: precomputed by default.
    const second = await run("second", "auto");
    assert.ok(Number(first.computed) > 0);
    assert.equal(live.computed, undefined);
    assert.equal(second.computed, undefined);
    assert.ok(live.losses.length > 10);
    for (const other of [first, second]) {
      assert.equal(other.losses.length, live.losses.length);
      other.losses.forEach((loss, i) =>
        assert.ok(
          Math.abs(loss - live.losses[i]) <= 1e-4 * Math.max(1, live.losses[i]),
          `loss ${i}: ${loss}, live ${live.losses[i]}`,
        )
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
