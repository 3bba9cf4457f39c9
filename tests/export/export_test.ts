import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { parse } from "yaml";
import { InputError } from "@/lib/errors.ts";
import { exportModel, type ExportOptions } from "@/lib/export/export-model.ts";
import { loadAdapters } from "@/lib/models/adapter-folder.ts";
import { policyOf } from "@/lib/models/export.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import type { LoraSettings } from "@/lib/models/lora.ts";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { withEnvironment } from "@/tests/hub/with-hub.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

const LORA = { "lora.r": 2, "lora.alpha": 8, "lora.targets": "[q_proj,v_proj,down_proj]" };

/** Two runs of five updates: all weights of a folder, and adapters on the F16 matrices of a GGUF file. */
const folder = Deno.makeTempDirSync();
const run = join(folder, "run"), loraRun = join(folder, "lora-run"), gguf = join(folder, "b.gguf");
await saveTinyModel(join(folder, "tiny"));
await withModel(join(folder, "tiny"), async (source) => {
  await saveGguf(gguf, policyOf(source), { type: "f16", name: "b", license: "apache-2.0" });
});
const short = { ...tinyRun(folder), n_examples: 10, save_every: 10, do_first_eval: false };
for (
  const settings of [{ local_run_dir: run }, { local_run_dir: loraRun, model: gguf, ...LORA }]
) {
  const { code, stderr } = await trainProcess({ ...short, ...settings });
  assert.equal(code, 0, stderr);
}
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

Deno.test("a run is exported as a folder and as GGUF, equal in every bit to its checkpoint", async () => {
  const hf = join(folder, "out", "hf"), file = join(folder, "out", "model.gguf");
  await exported({ run, format: "hf", out: hf, license: "apache-2.0" });
  await exported({ run, format: "gguf", out: file, type: "f32" });
  await withModel(join(run, "LATEST", "policy"), async (trained) => {
    for (const path of [hf, file]) await withModel(path, (model) => sameModel(model, trained));
    await withModel(join(folder, "tiny"), async (base) => {
      const name = "model.layers.0.self_attn.q_proj.weight";
      assert.notDeepEqual(await trained.read(name), await base.read(name));
    });
  });
  const [, front, body] = /^---\n([\s\S]+?)---\n([\s\S]+)$/.exec(
    Deno.readTextFileSync(join(hf, "README.md")),
  )!;
  assert.deepEqual(parse(front), {
    license: "apache-2.0",
    base_model: "tiny",
    base_model_relation: "finetune",
    library_name: "transformers",
    pipeline_tag: "text-generation",
    tags: ["codepref", "dpo"],
  });
  assert.match(body, /loss `dpo`, 5 updates on 10 examples/);
  assert.match(body, /Base model: tiny \(SHA-256 `[0-9a-f]{64}`\)\. Licence: apache-2\.0\./);
  assert.match(body, /- pairs\.jsonl: revision `[0-9a-f]{64}`; \d+ pairs;.* licence: not stated/);
  assert.match(body, /\| loss\.beta \| 0\.1 \|/);
  assert.match(body, /\| rewards_eval\/accuracies \| [\d.]+ \| [\d.]+ \|/);
  assert.match(body, /prompt_format=plain/);
  assert.ok(!body.includes(folder), "no paths of this machine");
});

Deno.test("LoRA adapters are exported merged, and alone beside the weights they were trained on", async () => {
  const merged = join(folder, "out", "merged.gguf"), alone = join(folder, "out", "adapter");
  await exported({ run: loraRun, format: "gguf", out: merged, type: "f32" });
  await withModel(
    join(loraRun, "LATEST", "policy"),
    (trained) => withModel(merged, (model) => sameModel(model, trained)),
  );

  const said = await exported({ run: loraRun, format: "hf", out: alone, lora: "adapter" });
  assert.match(said.join(), /trained on the dequantised weights of .*b\.gguf, which are in .*base/);
  const config = JSON.parse(Deno.readTextFileSync(join(alone, "adapter_config.json")));
  assert.equal(config.base_model_name_or_path, join(alone, "base"));
  assert.equal(config.r, 2);
  const [base, original] = [await openModel(join(alone, "base")), await openModel(gguf)];
  await sameModel(base, original);
  const weights = openSafetensors(join(alone, "adapter_model.safetensors"));
  assert.equal(weights.metadata.exported_base_digest, base.digest);
  assert.equal(weights.metadata.base_model_digest, original.digest);
  weights.close();
  const card = Deno.readTextFileSync(join(alone, "README.md"));
  assert.match(card, /base_model_relation: adapter\nlibrary_name: peft/);
  assert.match(card, /license: apache-2\.0/, "as the base's file says");
  assert.ok(card.includes(base.digest));

  // The base with what the adapters add is what was trained.
  const lora: LoraSettings = {
    r: 2,
    alpha: 8,
    dropout: 0,
    targets: ["q_proj", "v_proj", "down_proj"],
  };
  const adapters = loadAdapters(alone, base.config, lora, original);
  const name = "model.layers.1.self_attn.v_proj.weight";
  const part = `base_model.model.${name.replace(".weight", "")}`;
  const sum = tf.tidy(() =>
    tf.matMul(
      adapters[`${part}.lora_B.weight`] as tf.Tensor2D,
      adapters[`${part}.lora_A.weight`] as tf.Tensor2D,
    ).mul(4).dataSync()
  );
  const values = await base.read(name);
  await withModel(join(loraRun, "LATEST", "policy"), async (trained) => {
    (await trained.read(name)).forEach((value, i) =>
      assert.ok(Math.abs(value - values[i] - sum[i]) < 1e-6)
    );
  });
  tf.dispose(adapters);
  [base, original].forEach((source) => source.close());
});

Deno.test("adapters in GGUF, put on the base's file, give the merged model's", async () => {
  const merged = join(folder, "out", "whole.gguf"), alone = join(folder, "out", "alone.gguf");
  await exported({ run: loraRun, format: "gguf", out: merged, type: "f32" });
  const said = await exported({ run: loraRun, format: "gguf", out: alone, lora: "adapter" });
  assert.match(said.join(), /The adapters go with b\.gguf \(SHA-256 [0-9a-f]{64}\)/);
  const [base, whole, adapter] = [
    await openGguf(gguf),
    await openGguf(merged),
    await openGguf(alone),
  ];
  const { metadata } = adapter;
  assert.deepEqual(
    ["general.type", "general.architecture", "adapter.type", "adapter.lora.alpha"]
      .map((key) => metadata[key]),
    ["adapter", "llama", "lora", 8],
  );
  const adapted = ["attn_q", "attn_v", "ffn_down"].flatMap((module) => [
    `blk.0.${module}.weight`,
    `blk.1.${module}.weight`,
  ]);
  assert.deepEqual(
    [...adapter.tensors.keys()].sort(),
    adapted.flatMap((name) => [`${name}.lora_a`, `${name}.lora_b`]).sort(),
  );
  for (const name of adapted) {
    const [rows, inputs] = base.tensors.get(name)!.shape;
    assert.deepEqual(adapter.tensors.get(`${name}.lora_a`)!.shape, [2, inputs]);
    assert.deepEqual(adapter.tensors.get(`${name}.lora_b`)!.shape, [rows, 2]);
    const [W, A, B, sum] = [
      base.read(name),
      adapter.read(`${name}.lora_a`),
      adapter.read(`${name}.lora_b`),
      whole.read(name),
    ];
    sum.forEach((value, at) => {
      const i = at % inputs, o = (at - i) / inputs;
      const change = 4 * (B[2 * o] * A[i] + B[2 * o + 1] * A[inputs + i]);
      assert.ok(Math.abs(value - W[at] - change) < 1e-6, `${name} ${o} ${i}`);
    });
  }
  [base, whole, adapter].forEach((file) => file.close());
});

Deno.test("what cannot be exported is refused in one sentence, and leaves nothing", async (t) => {
  const out = join(folder, "refused");
  const model = join(folder, "tiny");
  const cases: [string, Partial<ExportOptions>, RegExp][] = [
    ["nothing named", {}, /run=RUN or model\.name_or_path=MODEL/],
    ["both named", { run, model }, /one of them/],
    ["a taken name", { model, out: folder }, /is there already; name another out=/],
    ["a file's name", { model, format: "gguf" }, /has to end in \.gguf/],
    ["no run", { run: model + "/x" }, /holds no training run/],
    [
      "no adapters",
      { run, lora: "adapter" },
      /trained no LoRA adapters; export it with lora=merged/,
    ],
    ["adapters of a model", { model, lora: "adapter" }, /exports the adapters of a run=/],
    ["a name Ollama refuses", { model, format: "ollama", out: "a b" }, /no name that Ollama takes/],
    ["no such model", { model: "nowhere/m" }, /there is no model at/],
  ];
  for (const [name, options, message] of cases) {
    await t.step(name, async () => {
      await withEnvironment(
        { HF_HUB_OFFLINE: "1" },
        () =>
          assert.rejects(exported({ out, ...options }), (error: Error) => {
            assert.ok(error instanceof InputError, error.stack);
            assert.match(error.message, message);
            return true;
          }),
      );
      assert.deepEqual(
        [...Deno.readDirSync(folder)].filter((e) => /refused|partial/.test(e.name)),
        [],
      );
    });
  }
  await t.step("another base than the one trained on", async () => {
    const kept = join(folder, "kept.gguf");
    Deno.renameSync(gguf, kept);
    await withModel(
      model,
      (source) => saveGguf(gguf, policyOf(source), { type: "f32", name: "b" }),
    );
    await assert.rejects(
      exported({ run: loraRun, out, lora: "adapter" }),
      /is not what .* was trained on: its digest is/,
    );
    Deno.renameSync(kept, gguf);
  });
});

Deno.test("the task exports, and says where", async () => {
  const out = join(folder, "out", "by-task.gguf");
  const entry = fromFileUrl(new URL("../../lib/cli/export.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      entry,
      `run=${run}`,
      "format=gguf",
      "type=q8_0",
      `out=${out}`,
      "json=true",
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 0, said);
  assert.match(said, /matrices are F16: their rows are not whole blocks of q8_0/);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), { out, format: "gguf" });
  await withModel(out, (model) => assert.equal(model.config.num_hidden_layers, 2));
});

async function exported(options: Partial<ExportOptions>): Promise<string[]> {
  const said: string[] = [];
  await exportModel({
    format: "hf",
    out: join(folder, "out", "x"),
    type: "f16",
    lora: "merged",
    host: "http://127.0.0.1:1",
    private: true,
    log: (line) => said.push(line),
    ...options,
  });
  return said;
}

async function sameModel(found: ModelSource, wanted: ModelSource): Promise<void> {
  assert.deepEqual(found.config, wanted.config);
  assert.deepEqual(found.tensorNames, wanted.tensorNames);
  for (const name of wanted.tensorNames) {
    const [a, b] = [await found.read(name), await wanted.read(name)].map((values) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    );
    assert.equal(Buffer.compare(a, b), 0, name);
  }
}

async function withModel<T>(path: string, use: (source: ModelSource) => T): Promise<void> {
  const source = await openModel(path);
  try {
    await use(source);
  } finally {
    source.close();
  }
}
