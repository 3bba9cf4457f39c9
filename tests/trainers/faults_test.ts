/** Faulty models and data are refused, or told, before anything is trained. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { saveTinyModel } from "./tiny-model.ts";
import { trainProcess } from "./train-process.ts";

const row = (i: number, values: Record<string, string> = {}) =>
  JSON.stringify({ prompt: `question ${i}`, chosen: `good ${i}`, rejected: `bad ${i}`, ...values });

/** Settings of runs on a data file or folder that save nothing. */
const faultyRun = (model: string, data: string) => ({
  model,
  datasets: `["${data}"]`,
  test_fraction: 0,
  loss: "dpo",
  "loss.beta": 0.1,
  exp_name: "faulty",
  precision: "fp32",
  batch_size: 2,
  debug: true,
});

Deno.test("what can be learnt from is counted by kind, with the place and what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const model = join(folder, "tiny"), data = join(folder, "pairs");
    await saveTinyModel(model);
    await Deno.mkdir(data);
    const long = "x ".repeat(80);
    const rows = [
      row(0),
      row(1, { chosen: "" }),
      row(2, { rejected: "good 2" }),
      row(3),
      row(3, { chosen: "bad 3", rejected: "good 3" }),
      row(4, { chosen: `${long}a`, rejected: `${long}b` }),
      row(5, { prompt: `question ${long}` }),
      row(6, { prompt: "<|im_start|>user\nq<|im_end|>" }),
      row(7, { prompt: "[INST] q [/INST]" }),
      row(8),
    ];
    await Deno.writeTextFile(join(data, "train.jsonl"), rows.join("\n") + "\n");
    await Deno.writeTextFile(join(data, "test.jsonl"), [row(0), row(9)].join("\n") + "\n");
    const settings = {
      ...faultyRun(model, data),
      prompt_format: "chat",
      max_length: 64,
      max_prompt_length: 48,
      batch_size: 3,
      n_examples: 3,
      do_first_eval: false,
      n_eval_examples: 0,
    };
    const told = await trainProcess({ ...settings, local_run_dir: join(folder, "told") });
    assert.equal(told.code, 0, told.stderr);
    for (
      const line of [
        /empty response: 1 of 20 responses .*"question 1".*remove them/,
        /WARNING, same responses: 1 of 10 pairs .*"question 2".*remove them/,
        /WARNING, both labels: 1 of 10 pairs .*"question 3".*decide, or remove both/,
        /WARNING, missing EOS: 2 of 20 responses .*"question 4".*raise max_length/,
        /WARNING, same responses after truncation: 1 of 10 pairs .*"question 4".*raise max_length/,
        /cut by max_length, of the first 10: 1 prompts, 1 chosen, 1 rejected/,
        /each epoch leaves out 1 of them, others each time: they fill no batch_size=3/,
        /WARNING, template applied twice: 1 of 9 prompts .*give the messages' text alone/,
        /WARNING, template of another family: 1 of 9 prompts .*"\[INST\] q \[\/INST\]"/,
        /WARNING, question in both splits: 1 of 2 prompts .*"question 0".*split by prompt/,
      ]
    ) assert.match(told.stderr, line);

    const template = join(model, "chat_template.jinja");
    await Deno.writeTextFile(template, `<|im_start|>${await Deno.readTextFile(template)}`);
    const doubled = await trainProcess({ ...settings, local_run_dir: join(folder, "doubled") });
    assert.equal(doubled.code, 0, doubled.stderr);
    assert.match(doubled.stderr, /WARNING, double BOS: 10 of 10 prompts .*adds one too many/);

    const cut = await trainProcess({
      ...settings,
      max_truncated_fraction: 0.05,
      local_run_dir: join(folder, "cut"),
    });
    assert.equal(cut.code, 2, cut.stderr);
    assert.match(cut.stderr, /max_length=64 cuts 10\.0 % of the examples/);

    const small = join(folder, "small");
    await saveTinyModel(small, { vocab_size: 4000 });
    const beyond = await trainProcess({ ...settings, model: small });
    assert.equal(beyond.code, 2, beyond.stderr);
    assert.match(
      beyond.stderr,
      /tokenizer has 49152 tokens, the model's embedding only 4000; .*another model's/,
    );

    const config = join(model, "config.json"), values = JSON.parse(await Deno.readTextFile(config));
    await Deno.writeTextFile(config, JSON.stringify({ ...values, eos_token_id: undefined }));
    const endless = await trainProcess(settings);
    assert.equal(endless.code, 2, endless.stderr);
    assert.match(endless.stderr, /config\.json: eos_token_id is missing/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a weight that is not a number, an EOS inside a response and wrong columns end the command with the place and the fix", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const model = join(folder, "tiny"), data = join(folder, "pairs.jsonl");
    await saveTinyModel(model);
    const settings = faultyRun(model, data);
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
      /pairs\.jsonl line 2: lacks prompt: .*found question, chosen, rejected/,
    );

    await write([row(0), row(1), row(2), row(3)]);
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

    for (
      const [name, spread] of [["last", {}], ["last-of-two", {
        trainer: "FSDPTrainer",
        devices: 2,
      }]] as const
    ) {
      const last = await trainProcess({
        ...{
          ...settings,
          ...spread,
          debug: false,
          optimizer: "RMSprop",
          lr: 1e38,
          warmup_steps: 0,
        },
        ...{ n_examples: 2, do_first_eval: false, local_run_dir: join(folder, name) },
      });
      assert.equal(last.code, 1, last.stderr);
      assert.match(
        last.stderr,
        /After update 1 model\.\S+ holds a number that is not finite.*lower lr=/,
      );
      await assert.rejects(Deno.stat(join(folder, name, "LATEST")));
    }
    const workers = await trainProcess({
      ...{ ...settings, trainer: "TensorParallelTrainer", devices: 2, optimizer: "SGD", lr: 1e38 },
      ...{ warmup_steps: 0, n_epochs: 2, local_run_dir: join(folder, "workers") },
    });
    assert.equal(workers.code, 1, workers.stderr);
    assert.match(workers.stderr, /of update \d is not finite.*The batch is in .*non-finite-batch/);
    assert.doesNotMatch(workers.stderr, /start again/);
    const kept = Deno.readTextFileSync(join(folder, "workers", "non-finite-batch.jsonl"));
    assert.equal(kept.trim().split("\n").length, 2);

    using file = await Deno.open(join(model, "model.safetensors"), { write: true });
    await file.seek(-4, Deno.SeekMode.End);
    await file.write(new Uint8Array(new Float32Array([NaN]).buffer));
    await refused("nan", /holds a number that is not finite; .*Take another checkpoint/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
