import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { withHub } from "@/tests/hub/with-hub.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

Deno.test(
  "workers, which may have no network, train the hub's model that was downloaded before them",
  withHub(async ({ server, folder }) => {
    const tiny = join(folder, "tiny"), run = join(folder, "run");
    await saveTinyModel(tiny);
    const files = [...Deno.readDirSync(tiny)].map(({ name }) => name);
    const commit = server.put(
      "models/team/base",
      Object.fromEntries(files.map((name) => [name, Deno.readFileSync(join(tiny, name))])),
    );
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      ...{ model: "team/base", trainer: "FSDPTrainer", devices: 2 },
      ...{ n_examples: 4, do_first_eval: false, n_eval_examples: 0, local_run_dir: run },
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /downloading \(MB\): .*done in/);
    const { model } = JSON.parse(Deno.readTextFileSync(join(run, "config.json")));
    assert.deepEqual([model.name, model.revision], ["team/base", commit]);
    // One process asked, for what training needs and nothing else.
    assert.deepEqual(
      server.lines(/resolve/).map((line) => line.split("/").at(-1)).sort(),
      files.toSorted(),
    );
  }),
);

Deno.test(
  "a run goes on with the commit that it began with, and in the precision, whatever there is by then",
  withHub(async ({ server, folder }) => {
    const tiny = join(folder, "tiny"), run = join(folder, "run");
    await saveTinyModel(tiny);
    const read = () =>
      Object.fromEntries(
        [...Deno.readDirSync(tiny)].map(({ name }) => [name, Deno.readFileSync(join(tiny, name))]),
      );
    const commit = server.put("models/team/base", read());
    const settings = {
      ...tinyRun(folder),
      ...{ model: "team/base", precision: "auto", n_examples: 8, save_every: 2, resume: "latest" },
      ...{ do_first_eval: false, n_eval_examples: 0, local_run_dir: run },
    };
    const killed = await trainProcess(settings, ({ line }) => Boolean(line?.includes("saved")));
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const state = join(run, "LATEST", "trainer.json"),
      manifest = join(run, "LATEST", "manifest.json");
    const { precision, ...others } = JSON.parse(Deno.readTextFileSync(state));
    const other = precision === "fp32" ? "bf16" : "fp32";
    await Deno.writeTextFile(state, JSON.stringify({ ...others, precision: other }));
    const digests = JSON.parse(Deno.readTextFileSync(manifest));
    const changed = createHash("sha256").update(Deno.readFileSync(state)).digest("hex");
    await Deno.writeTextFile(manifest, JSON.stringify({ ...digests, "trainer.json": changed }));
    await saveTinyModel(tiny, { intermediate_size: 48 });
    assert.notEqual(server.put("models/team/base", read()), commit);
    const { code, stderr } = await trainProcess(settings);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /resumed from/);
    assert.match(stderr, new RegExp(`training in .*: dpo, ${other}`));
    const config = JSON.parse(Deno.readTextFileSync(join(run, "LATEST", "policy", "config.json")));
    assert.equal(config.intermediate_size, 32);
  }),
);
