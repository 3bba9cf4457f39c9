/** Weights & Biases' own package reads back what a run wrote for it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ensureWandb } from "@/lib/setup/wandb.ts";
import { WandbRun } from "@/lib/trainers/wandb.ts";

/** Prints the offline runs below a folder: project, name, configuration, and each step's metrics. */
const READ = `
import glob, json, sys
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.internal.datastore import DataStore
for path in glob.glob(sys.argv[1] + "/wandb/offline-run-*/*.wandb"):
    store, found = DataStore(), {"steps": []}
    store.open_for_scan(path)
    while (data := store.scan_data()) is not None:
        record = pb.Record(); record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            found |= {"project": run.project, "entity": run.entity, "name": run.display_name}
            found["config"] = {i.key: json.loads(i.value_json) for i in run.config.update}
        if kind == "history":
            items = {(i.key or "/".join(i.nested_key)): json.loads(i.value_json) for i in record.history.item}
            found["steps"].append(items)
    print(json.dumps(found))
`;

Deno.test("a run's metrics are one offline run, also where training went back to a checkpoint", async () => {
  const folder = await Deno.makeTempDir(), said: string[] = [];
  const lines = (...examples: number[]) =>
    examples.map((n) => ({ examples: n, "loss/train": 1 / n, note: "words are no metrics" }));
  const metrics = join(folder, "metrics.jsonl");
  const set = (all: object[]) =>
    Deno.writeTextFileSync(metrics, all.map((line) => JSON.stringify(line) + "\n").join(""));
  try {
    await Deno.writeTextFile(
      join(folder, "config.json"),
      JSON.stringify({ exp_name: "mine", settings: { lr: 0.5 } }),
    );
    const project = { entity: "us", project: "preferences" };
    const python = await ensureWandb(() => {});
    const run = await WandbRun.open(
      project,
      () => {},
      AbortSignal.timeout(60_000),
      (line) => said.push(line),
    );
    const written: object[] = [];
    for (const examples of [4, 8, 12, 8, 16]) {
      // Going back, the line that was written later is cut off.
      if (examples === 8 && written.length === 3) written.length = 1;
      const [line] = lines(examples);
      set([...written, line]);
      written.push(line);
      run.write(folder, line);
    }
    await run.close();
    assert.deepEqual(said, []);

    const { stdout, stderr, success } = await new Deno.Command(python, {
      args: ["-c", READ, folder],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const runs = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.equal(runs.length, 1);
    const [{ steps, config, ...rest }] = runs;
    assert.deepEqual(rest, { ...project, name: "mine" });
    assert.equal(config.lr, 0.5);
    const found = steps.map((step: Record<string, number>) => [
      step._step,
      step.examples,
      step["loss/train"],
    ]);
    assert.deepEqual(found, [4, 8, 16].map((n) => [n, n, 1 / n]));
    assert.ok(!steps.some((step: object) => "note" in step));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("that it cannot write is told once and stops nothing", async () => {
  const folder = await Deno.makeTempDir(), said: string[] = [];
  try {
    await Deno.writeTextFile(
      join(folder, "config.json"),
      JSON.stringify({ exp_name: "mine", settings: {} }),
    );
    const run = await WandbRun.open(
      { entity: null, project: "a/b is no name of a project" },
      () => {},
      AbortSignal.timeout(60_000),
      (line) => said.push(line),
    );
    for (const examples of [1, 2, 3]) {
      Deno.writeTextFileSync(join(folder, "metrics.jsonl"), JSON.stringify({ examples }) + "\n");
      run.write(folder, { examples });
    }
    await run.close();
    assert.equal(said.length, 1);
    assert.match(
      said[0],
      /^Weights & Biases: .*project.*; metrics\.jsonl and tensorboard\/ have all/s,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
