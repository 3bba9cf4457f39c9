/** LoRA on a small model: what adapters compute, what is trained, and how they are saved. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadAdapters, saveAdapters } from "@/lib/models/adapter-folder.ts";
import { savePolicy } from "@/lib/models/export.ts";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { sequenceLogps } from "@/lib/models/logps.ts";
import {
  initialAdapters,
  LORA_TARGETS,
  type LoraSettings,
  mergedWeights,
} from "@/lib/models/lora.ts";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadFrozenWeights, loadWeights, type Weights } from "@/lib/models/weights.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { saveTinyModel } from "../trainers/tiny-model.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await saveTinyModel(join(folder, "tiny"));
const source = await openModel(join(folder, "tiny"));
const { config } = source;
const LORA: LoraSettings = { r: 2, alpha: 6, dropout: 0, targets: [...LORA_TARGETS] };
const SEQUENCES = [{ ids: [5, 6, 7, 8, 9, 10], start: 3 }, { ids: [5, 6, 7, 30, 31], start: 3 }];
const batch = layoutTensors(layOut(SEQUENCES, "shared-prompt"), config);

/** Adapters of which none is zero. */
const someAdapters = (): Weights =>
  Object.fromEntries(
    Object.entries(initialAdapters(config, LORA, 1)).map((
      [name, w],
    ) => [name, tf.add(w, tf.randomNormal(w.shape, 0, 0.1, "float32", 7))]),
  );
const score = jit(
  (base: Weights, weights: Weights | null, settings: LoraSettings, dropoutSeed: tf.Tensor | null) =>
    sequenceLogps(
      config,
      base,
      batch,
      "fp32",
      { adapters: weights && { weights, settings, dropoutSeed } },
    ),
);
const logps = (base: Weights, weights: Weights | null, settings = LORA, seed?: number[]) =>
  Array.from(
    score(base, weights, settings, seed ? tf.tensor1d(seed, "int32") : null).dataSync(),
  );

Deno.test("new adapters change nothing; trained ones do, as the matrices they are merged into", async () => {
  const base = await loadFrozenWeights(source, "fp32");
  const plain = logps(base, null), adapters = someAdapters();
  assert.deepEqual(logps(base, initialAdapters(config, LORA, 0)), plain);
  const adapted = logps(base, adapters);
  adapted.forEach((value, i) => assert.ok(Math.abs(value - plain[i]) > 1e-3));

  await savePolicy(join(folder, "merged"), {
    config,
    tokenizer: source.tokenizer,
    weights: mergedWeights(source, adapters, LORA),
  });
  const merged = await openModel(join(folder, "merged"));
  logps(await loadWeights(merged), null).forEach((value, i) =>
    assert.ok(Math.abs(value - adapted[i]) <= 1e-5 * Math.abs(adapted[i]), `${value} ${adapted[i]}`)
  );
  merged.close();
});

Deno.test("adapters are on the matrices that are named, in every layer, and start by the seed", () => {
  const weights = initialAdapters(config, { ...LORA, targets: ["v_proj", "down_proj"] }, 3);
  assert.deepEqual(
    Object.entries(weights).map(([name, w]) => [name, w.shape]),
    [0, 1].flatMap((layer) => {
      const at = `base_model.model.model.layers.${layer}`;
      return [
        [`${at}.self_attn.v_proj.lora_A.weight`, [2, 16]],
        [`${at}.self_attn.v_proj.lora_B.weight`, [8, 2]],
        [`${at}.mlp.down_proj.lora_A.weight`, [2, 32]],
        [`${at}.mlp.down_proj.lora_B.weight`, [16, 2]],
      ];
    }),
  );
  const name = "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight";
  const values = Array.from(weights[name].dataSync());
  assert.ok(values.every((v) => Math.abs(v) <= 1 / Math.sqrt(32)));
  assert.ok(Math.max(...values) > 0.1 && Math.min(...values) < -0.1);
  assert.deepEqual(Array.from(initialAdapters(config, LORA, 3)[name].dataSync()), values);
  assert.notDeepEqual(Array.from(initialAdapters(config, LORA, 4)[name].dataSync()), values);
});

Deno.test("dropout follows its seed, is off without one, and keeps the mean", async () => {
  const base = await loadFrozenWeights(source, "fp32"), adapters = someAdapters();
  const settings = { ...LORA, dropout: 0.5 };
  const one = logps(base, adapters, settings, [1, 2]), traces = score.traces;
  assert.deepEqual(logps(base, adapters, settings, [1, 2]), one);
  assert.notDeepEqual(logps(base, adapters, settings, [1, 3]), one);
  assert.equal(score.traces, traces, "another seed is no other function");
  const off = logps(base, adapters, settings);
  assert.deepEqual(off, logps(base, adapters, LORA));
  const runs = Array.from({ length: 200 }, (_, i) => logps(base, adapters, settings, [i, 0])[0]);
  const mean = runs.reduce((a, b) => a + b) / runs.length;
  const spread = Math.sqrt(runs.reduce((a, b) => a + (b - mean) ** 2, 0) / runs.length);
  // The adapters are small here, so that the log-prob is nearly linear in what they add.
  assert.ok(Math.abs(mean - off[0]) < spread, `${mean} ${off[0]} ${spread}`);
});

Deno.test("with dropout, and with it off, gradients of the adapters are those of small differences", async () => {
  const base = await loadFrozenWeights(source, "fp32"), weights = someAdapters();
  const loss = { name: "dpo" as const, beta: 0.5, labelSmoothing: 0, referenceFree: false };
  const reference = { logps: tf.tensor1d(logps(base, null)), weights: null };
  for (const dropoutSeed of [null, tf.tensor1d([3, 4], "int32")]) {
    const settings = { ...LORA, dropout: dropoutSeed ? 0.3 : 0 };
    const buckets = new Buckets();
    const steps = new Steps(config, loss, "shared-prompt", "fp32", buckets);
    const frozen = { base, settings, dropoutSeed };
    const { gradients } = await steps.gradients(weights, batch, reference, 1, frozen);
    assert.deepEqual(Object.keys(gradients), Object.keys(weights));
    const again = new Steps(config, loss, "shared-prompt", "fp32", buckets, true);
    const recomputed = await again.gradients(weights, batch, reference, 1, frozen);
    for (const [name, gradient] of Object.entries(gradients)) {
      const found = recomputed.gradients[name].dataSync();
      gradient.dataSync().forEach((g, i) =>
        assert.ok(Math.abs(found[i] - g) < 1e-6, `recomputed ${name}: ${found[i]} ${g}`)
      );
    }
    again.dispose();
    for (
      const part of ["0.self_attn.k_proj.lora_A", "0.mlp.up_proj.lora_B", "1.mlp.down_proj.lora_A"]
    ) {
      const name = `base_model.model.model.layers.${part}.weight`;
      const direction = tf.sign(gradients[name]), h = 2e-3;
      const lossAt = async (step: number) => {
        const moved = { ...weights, [name]: tf.add(weights[name], tf.mul(direction, step)) };
        const { examples } = await steps.losses(moved, batch, reference, frozen);
        return examples.losses.dataSync()[0];
      };
      const slope = (await lossAt(h) - await lossAt(-h)) / (2 * h);
      const expected = tf.sum(tf.abs(gradients[name])).dataSync()[0];
      assert.ok(
        expected > 1e-3 && Math.abs(slope - expected) < 0.02 * expected,
        `${part} ${slope} ${expected}`,
      );
    }
    steps.dispose();
  }
});

Deno.test("adapters are saved under PEFT's names and come back; another base or other shapes are refused", async () => {
  const adapters = someAdapters(), at = join(folder, "adapter");
  const base = { name: "tiny", digest: "abc", config };
  await saveAdapters(at, adapters, { ...LORA, dropout: 0.1 }, base);
  const saved = JSON.parse(await Deno.readTextFile(join(at, "adapter_config.json")));
  assert.deepEqual(
    [saved.peft_type, saved.task_type, saved.r, saved.lora_alpha, saved.lora_dropout],
    ["LORA", "CAUSAL_LM", 2, 6, 0.1],
  );
  assert.deepEqual(
    saved.target_modules,
    ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
  );
  assert.equal(saved.base_model_name_or_path, "tiny");
  const file = openSafetensors(join(at, "adapter_model.safetensors"));
  assert.deepEqual([...file.tensors.keys()].sort(), Object.keys(adapters).sort());
  assert.ok([...file.tensors.values()].every(({ dtype }) => dtype === "F32"));
  file.close();

  const loaded = loadAdapters(at, config, LORA, base);
  for (const [name, w] of Object.entries(adapters)) {
    assert.deepEqual(loaded[name].dataSync(), w.dataSync(), name);
  }
  assert.throws(
    () => loadAdapters(at, config, LORA, { name: "other", digest: "def" }),
    /trained on a model with the digest abc, but other has def/,
  );
  assert.throws(() => loadAdapters(at, config, { ...LORA, r: 3 }, base), /has the shape \[2, 16\]/);
});
