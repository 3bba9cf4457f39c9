/** One process trains in a folder; who looks whether one does is not in its way. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseSettings } from "@/lib/cli/core/settings.ts";
import { TRAIN_KEYS, TRAIN_PRESETS } from "@/lib/cli/train-keys.ts";
import { trainSettings } from "@/lib/cli/train-settings.ts";
import { OperationError } from "@/lib/errors.ts";
import { isTraining } from "@/lib/evaluation/run-state.ts";
import { openRunFolder } from "@/lib/trainers/run-folder.ts";

const spec = { name: "train", summary: "", examples: [], keys: TRAIN_KEYS, presets: TRAIN_PRESETS };
const settings = (folder: string) => {
  const words = ["loss=sft", "exp_name=x", "datasets=[d]", `local_run_dir=${folder}`];
  return trainSettings(
    parseSettings(spec as typeof spec & { keys: typeof TRAIN_KEYS }, words, {}).values,
  );
};

Deno.test("a folder is one process's until it lets go, and looking at it says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(await isTraining(join(folder, "missing")), false);
    assert.equal(await isTraining(folder), false);
    const run = openRunFolder(settings(folder));
    assert.equal(await isTraining(folder), true);
    assert.equal(await isTraining(folder), true, "looking has not taken it");
    assert.throws(
      () => openRunFolder(settings(folder)),
      (error) =>
        error instanceof OperationError && /Another process is training/.test(error.message),
    );
    run.release();
    assert.equal(await isTraining(folder), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a run starts while others look at its folder all the time", async () => {
  const folder = await Deno.makeTempDir();
  const lock = join(folder, "run.lock");
  await Deno.writeTextFile(lock, "");
  // Looks as isTraining does, and says once that it has begun.
  const looker = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      // Half of the time somebody looks, so that hardly any start would find the lock free at once every time.
      `const moment = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0;; i++) {
        const file = Deno.openSync(${JSON.stringify(lock)});
        file.tryLockSync(false);
        if (i === 0) console.log("looking");
        Atomics.wait(moment, 0, 0, 2);
        file.close();
        Atomics.wait(moment, 0, 0, 2);
      }`,
    ],
    stdout: "piped",
  }).spawn();
  try {
    const reader = looker.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    for (let i = 0; i < 20; i++) openRunFolder(settings(folder)).release();
  } finally {
    looker.kill("SIGKILL");
    await looker.stdout.cancel();
    await looker.status;
    await Deno.remove(folder, { recursive: true });
  }
});
