/** Faulty models and data are refused, or told, before anything is trained. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { saveTinyModel } from "./tiny-model.ts";
import { trainProcess } from "./train-process.ts";

const row = (i: number, values: Record<string, string> = {}) =>
  JSON.stringify({ prompt: `question ${i}`, chosen: `good ${i}`, rejected: `bad ${i}`, ...values });

Deno.test("a weight that is not a number, an EOS inside a response and wrong columns end the command with the place and the fix; lesser faults are counted", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const model = join(folder, "tiny"), data = join(folder, "pairs.jsonl");
    await saveTinyModel(model);
    const settings = {
      model,
      datasets: `["${data}"]`,
      test_fraction: 0,
      loss: "dpo",
      "loss.beta": 0.1,
      exp_name: "faulty",
      precision: "fp32",
      batch_size: 2,
      debug: true,
    };
    const run = (name: string) => trainProcess({ ...settings, local_run_dir: join(folder, name) });
    const write = (rows: string[]) => Deno.writeTextFile(data, rows.join("\n") + "\n");
    const refused = async (name: string, message: RegExp) => {
      const { code, stderr } = await run(name);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    };

    await write([row(0), row(1, { chosen: "good<|im_end|>" })]);
    await refused("eos", /EOS in a response: 1 of 4 responses .*"good<\|im_end\|>".*remove it/);
    await write([row(0), JSON.stringify({ question: "q", chosen: "a", rejected: "b" })]);
    await refused(
      "columns",
      /pairs\.jsonl line 2 lacks prompt: .*found question, chosen, rejected/,
    );

    await write([
      row(0),
      row(1),
      row(2, { rejected: "good 2" }),
      row(3, { prompt: "[INST] q [/INST]" }),
    ]);
    const told = await run("told");
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stderr, /WARNING, same responses: 1 of 4 pairs/);
    assert.match(told.stderr, /WARNING, template of another family: 1 of 4 prompts/);

    const diverged = await trainProcess({
      ...settings,
      optimizer: "SGD",
      lr: 1e38,
      warmup_steps: 0,
      n_epochs: 2,
      local_run_dir: join(folder, "diverged"),
    });
    assert.equal(diverged.code, 1, diverged.stderr);
    assert.match(
      diverged.stderr,
      /gradient of update \d is not finite.*lower lr=.*The batch is in/,
    );
    const batch = Deno.readTextFileSync(join(folder, "diverged", "non-finite-batch.jsonl"));
    assert.equal(batch.trim().split("\n").length, 2);
    assert.match(JSON.parse(batch.split("\n")[0]).chosen.text, /question \d.*good \d/);

    using file = await Deno.open(join(model, "model.safetensors"), { write: true });
    await file.seek(-4, Deno.SeekMode.End);
    await file.write(new Uint8Array(new Float32Array([NaN]).buffer));
    await refused("nan", /holds a number that is not finite; .*Take another checkpoint/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
