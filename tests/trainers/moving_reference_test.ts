/** A reference that follows the policy. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { trainProcess } from "./train-process.ts";

async function withTiny(
  work: (
    settings: Record<string, string | number | boolean>,
    folder: string,
  ) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    await work({
      ...tinyRun(folder),
      test_fraction: 0,
      "loss.beta": 0.5,
      lr: 1e-2,
      n_examples: 8,
      sync_ref_model: true,
    }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = (path: string, name: string) => {
  const file = openSafetensors(path);
  try {
    return file.read(name);
  } finally {
    file.close();
  }
};

Deno.test("a reference that is replaced after every update leaves every loss at ln 2", () =>
  withTiny(async (settings, folder) => {
    const run = await trainProcess({
      ...settings,
      ref_model_mixup_alpha: 1,
      ref_model_sync_steps: 1,
      debug: true,
      local_run_dir: join(folder, "run"),
    });
    assert.equal(run.code, 0, run.stderr);
    const losses = run.results.map((line) => line["loss/train"]).filter((x) => x !== undefined);
    assert.equal(losses.length, 4);
    losses.forEach((loss) => assert.ok(Math.abs(Number(loss) - Math.LN2) < 1e-5, `${loss}`));
  }));

Deno.test("it is mixed from policy and old reference, and a resumed run goes on with it", () =>
  withTiny(async (settings, folder) => {
    const common = {
      ...settings,
      ref_model_mixup_alpha: 0.6,
      ref_model_sync_steps: 2,
      save_every: 2,
    };
    const name = "model.layers.1.mlp.down_proj.weight";
    const of = (run: string, step: number, file: string) =>
      read(join(folder, run, `step-${step}`, file), name);

    const whole = await trainProcess({
      ...common,
      keep_checkpoints: 9,
      local_run_dir: join(folder, "whole"),
    });
    assert.equal(whole.code, 0, whole.stderr);
    let reference = read(join(folder, "tiny", "model.safetensors"), name);
    assert.deepEqual(of("whole", 2, "reference.safetensors"), reference, "one update: not yet");
    for (const step of [4, 8]) {
      const policy = of("whole", step, "policy/model.safetensors");
      const mixed = of("whole", step, "reference.safetensors");
      mixed.forEach((value, i) => {
        const wanted = 0.6 * policy[i] + 0.4 * reference[i];
        assert.ok(Math.abs(value - wanted) < 1e-7, `${value}, not ${wanted}`);
      });
      reference = mixed;
    }

    const broken = { ...common, local_run_dir: join(folder, "broken"), resume: "latest" };
    const killed = await trainProcess(
      broken,
      ({ line }) => Boolean(line?.includes("saved") && line.includes("step-4")),
    );
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await trainProcess(broken);
    assert.equal(resumed.code, 0, resumed.stderr);
    for (const file of ["policy/model.safetensors", "reference.safetensors"]) {
      assert.deepEqual(of("broken", 8, file), of("whole", 8, file), file);
    }
  }));

Deno.test("what has no reference, or one that cannot move, is refused", () =>
  withTiny(async (settings) => {
    const refused: [Record<string, string | number>, RegExp][] = [
      [{ loss: "simpo" }, /loss=simpo has no reference/],
      [{ "lora.r": 4 }, /the base itself/],
      [{ precompute_reference: "true" }, /are fixed/],
    ];
    for (const [other, message] of refused) {
      const { code, stderr } = await trainProcess({ ...settings, ...other });
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  }));
