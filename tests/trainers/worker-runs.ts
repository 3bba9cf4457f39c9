/**
 * Runs of the tiny model, in workers or in one process, and how they compare.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { type Finished, type Seen, trainProcess } from "./train-process.ts";

export type Settings = Record<string, string | number | boolean>;

/** Runs by name, each in a folder of its own below `folder`, which holds the model as `tiny`. */
export function workerRuns(folder: string) {
  const run = (name: string, settings: Settings, seen?: (seen: Seen) => boolean) =>
    trainProcess({
      ...tinyRun(folder),
      // Enough to do after what is waited for, on a busy machine too.
      n_examples: 16,
      precompute_reference: false,
      save_every: 4,
      local_run_dir: join(folder, name),
      resume: "latest",
      ...settings,
    }, seen);

  async function good(name: string, settings: Settings, seen?: (seen: Seen) => boolean) {
    const finished = await run(name, settings, seen);
    assert.equal(finished.code, 0, finished.stderr);
    return finished;
  }

  /** ‖a − b‖/‖b − start‖ of every tensor of the policy. */
  function assertCloseWeights(found: string, wanted: string): void {
    const open = (path: string) => openSafetensors(join(folder, path, "model.safetensors"));
    const files = [open(`${found}/LATEST/policy`), open(`${wanted}/LATEST/policy`), open("tiny")];
    assert.deepEqual([...files[0].tensors.keys()].sort(), [...files[1].tensors.keys()].sort());
    for (const name of files[1].tensors.keys()) {
      const [a, b, start] = files.map((file) => file.read(name));
      const norm = (x: (i: number) => number) =>
        Math.sqrt(a.reduce((sum, _, i) => sum + x(i) ** 2, 0));
      const off = norm((i) => a[i] - b[i]), change = norm((i) => b[i] - start[i]);
      const relative = off === 0 ? 0 : off / change;
      assert.ok(relative < 1e-2, `${name} is off by ${relative} of its change`);
    }
    files.forEach((file) => file.close());
  }

  /** What a worker of a trainer takes at most, of a model whose weights take most of it; by the number of workers. */
  async function peaks(trainer: string): Promise<[one: number, ofTwo: number]> {
    await saveTinyModel(join(folder, "wide"), {
      intermediate_size: 16_384,
      hidden_size: 64,
      num_hidden_layers: 12,
    });
    const found: number[] = [];
    for (const devices of [1, 2]) {
      const name = `wide-${devices}`;
      const { results } = await good(name, {
        ...{ trainer, devices, model: join(folder, "wide"), loss: "sft", optimizer: "AdamW" },
        ...{ debug: true, n_examples: 2, n_eval_examples: 2, do_first_eval: false },
        ...{ max_length: 128, max_prompt_length: 64 },
      });
      const [peak] = metric({ results }, "peak_memory_bytes").values().toArray().slice(-1);
      found.push(peak / devices);
      await Deno.remove(join(folder, name), { recursive: true });
    }
    return found as [number, number];
  }

  return { run, good, assertCloseWeights, peaks };
}

/** Values of a metric by examples. */
export const metric = ({ results }: Pick<Finished, "results">, name: string) =>
  new Map(
    results.filter((line) => line[name] !== undefined)
      .map((line) => [line.examples as number, Number(line[name])]),
  );

/** Losses and held-out metrics are those of another run, within 1e-4. */
export function assertSameMetrics(found: Finished, wanted: Finished): void {
  for (
    const name of ["loss/train", "loss/eval", "rewards_eval/margins", "rewards_eval/accuracies"]
  ) {
    const values = metric(found, name), others = metric(wanted, name);
    assert.deepEqual([...values.keys()], [...others.keys()]);
    assert.ok(others.size >= 2, name);
    for (const [examples, value] of others) {
      const difference = Math.abs(values.get(examples)! - value);
      assert.ok(difference < 1e-4, `${name} after ${examples} examples is off by ${difference}`);
    }
  }
}
