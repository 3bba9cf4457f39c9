/** A run is refused before it starts where its checkpoints do not fit on the disk. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { openModel } from "@/lib/models/source.ts";
import { LORA_TARGETS } from "@/lib/models/lora.ts";
import { freeBytes } from "@/lib/free-space.ts";
import { checkDiskSpace, checkpointBytes } from "@/lib/trainers/disk-space.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

const GIB = 2 ** 30;
const kept = { each: GIB, newest: 2, best: true, there: 0 };
const sentence = (of: typeof kept, free: number): string => {
  try {
    checkDiskSpace("runs", of, free);
  } catch (error) {
    assert.ok(error instanceof OperationError);
    return error.message;
  }
  return "";
};

Deno.test("newest, best and the one being written have to fit, less those that are there", () => {
  assert.equal(sentence(kept, 4 * GIB), "");
  assert.equal(
    sentence(kept, 4 * GIB - 1),
    "The disk of runs has 4 GiB free, and this run's checkpoints need 4 GiB more (keep_checkpoints=2, the best one " +
      "and one being written: 4 of 1 GiB); free some, take keep_checkpoints=1, or name a folder on another disk " +
      "with local_dirs=[…].",
  );
  assert.equal(sentence({ ...kept, there: 3 }, GIB), "");
  assert.match(sentence({ ...kept, there: 3 }, GIB / 2), /512 MiB free.*1 GiB more.*3 of them/);
  // One has to be written in any case.
  assert.match(sentence({ ...kept, there: 9 }, 0), /0 bytes free.*1 GiB more/);
  assert.equal(sentence({ ...kept, best: false }, 3 * GIB), "");
  assert.doesNotMatch(sentence({ ...kept, newest: 1 }, 0), /take keep_checkpoints/);
});

Deno.test("the free bytes of a folder that is not there yet are those of the disk it will be on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const free = freeBytes(join(folder, "runs", "dpo"));
    assert.ok(free > 0 && Number.isFinite(free));
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("the estimate is what a checkpoint takes, and a run that cannot fit leaves nothing behind", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const source = await openModel(join(folder, "tiny"));
    const lora = { r: 4, alpha: 8, dropout: 0, targets: [...LORA_TARGETS] };
    const cases = [
      { optimizer: "AdamW", given: { optimizer: "AdamW" }, lora: null },
      { optimizer: "RMSprop", given: { "lora.r": 4 }, lora },
    ] as const;
    for (const { optimizer, given, lora } of cases) {
      const run = join(folder, `${optimizer}-run`);
      const settings = { ...tinyRun(folder), n_examples: 2, ...given, local_run_dir: run };
      const { code, stderr } = await trainProcess(settings);
      assert.equal(code, 0, stderr);
      let bytes = 0;
      for (const part of ["policy", "adapter", "."]) {
        for (const { name } of listed(join(run, "LATEST", part))) {
          if (name.endsWith(".safetensors")) {
            bytes += Deno.statSync(join(run, "LATEST", part, name)).size;
          }
        }
      }
      const estimate = checkpointBytes(source.config, { optimizer, lora, referenceSync: null });
      // What the files say beside the numbers is small even for a small model.
      assert.ok(estimate <= bytes && bytes < 1.02 * estimate, `${estimate} for ${bytes} bytes`);
    }
    source.close();

    const runs = join(folder, "runs");
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      local_dirs: `["${runs}"]`,
      keep_checkpoints: 1e9,
    });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /free, and this run's checkpoints need .* more \(keep_checkpoints=1000000000/,
    );
    assert.throws(() => Deno.statSync(runs), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function listed(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
