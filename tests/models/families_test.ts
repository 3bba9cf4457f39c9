/** Every family against transformers (tests/oracles/oracle_families.py), on small random models in fp32. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadAdapters, saveAdapters } from "@/lib/models/adapter-folder.ts";
import { InputError } from "@/lib/errors.ts";
import { savePolicy } from "@/lib/models/export.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { FAMILIES, familyOf } from "@/lib/models/families/mod.ts";
import { fromHfConfig, hfConfigText, toHfConfig } from "@/lib/models/hf-config.ts";
import { layOut, type LayoutKind, type LayoutTensors, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits, sequenceLogps } from "@/lib/models/logps.ts";
import { adapterShapes, type LoraSettings, mergedWeights } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { ropeTables } from "@/lib/models/rope.ts";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { sample } from "@/lib/models/sampling.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { storedTensors } from "@/lib/models/stored-tensors.ts";
import { loadFrozenWeights, loadWeights, type Weights } from "@/lib/models/weights.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Steps } from "@/lib/trainers/step.ts";
import peft from "@/tests/fixtures/oracles/peft.json" with { type: "json" };
import { GOLDEN_LORA, goldenAdapters } from "./family-adapters.ts";
import {
  type FamilyGolden,
  GOLDEN,
  goldenTensors,
  gradientDifference,
  writeGoldenFolder,
} from "./family-goldens.ts";

/**
 * How gradients are computed, and how far they may be from transformers' in fp32, relative to each one's norm, or in
 * bf16 to that of all together: roundings of eight bits drown small ones.
 */
interface Way {
  name: string;
  layout: LayoutKind;
  checkpointing?: boolean;
  precision: Precision;
  tolerance: number;
}
const WAYS: Way[] = [
  { name: "padded", layout: "padded", precision: "fp32", tolerance: 1e-3 },
  {
    name: "packed, recomputed",
    layout: "packed",
    checkpointing: true,
    precision: "fp32",
    tolerance: 1e-3,
  },
  { name: "shared prompts", layout: "shared-prompt", precision: "fp32", tolerance: 1e-3 },
  { name: "bf16", layout: "shared-prompt", precision: "bf16", tolerance: 0.05 },
];

for (const [name, golden] of Object.entries(GOLDEN.models)) {
  Deno.test(`${name}: as transformers computes it`, async (t) => {
    const folder = Deno.makeTempDirSync();
    try {
      writeGoldenFolder(folder, golden);
      const source = await openModel(folder), weights = await loadWeights(source);
      await t.step("logits", () => logitsAreEqual(source, weights, golden));
      for (const way of WAYS) {
        await t.step(
          `loss and gradients, ${way.name}`,
          () => gradientsAreEqual(source, weights, golden, way),
        );
      }
      await t.step("greedy tokens from the cache", () => greedyIsEqual(source, weights, golden));
      await t.step("adapters", () => adaptersAreOfTheFile(folder, source, golden));
      await t.step("adapters as PEFT applies them", () => adaptersAreAsPefts(source, name, golden));
      await t.step("saved and opened again", () => isSavedAsItWas(folder, source, golden));
      tf.dispose(weights);
      source.close();
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

Deno.test("every family has a golden, and says what transformers calls its classes", () => {
  for (const { model, block, name } of FAMILIES) {
    const goldens = Object.values(GOLDEN.models).filter(({ config }) => config.model_type === name);
    assert.ok(goldens.length > 0, name);
    for (const golden of goldens) assert.deepEqual([model, block], [golden.class, golden.block]);
  }
});

Deno.test("what the decoder does not compute of a family is refused", () => {
  const refused = (name: string, changes: Record<string, unknown>, message: RegExp) => {
    const config = { ...GOLDEN.models[name].config, ...changes };
    assert.throws(
      () => fromHfConfig(config, "config.json"),
      (error) => error instanceof InputError && message.test(error.message),
    );
  };
  refused("gpt2", { activation_function: "relu" }, /"relu"; only "gelu_new" is supported for gpt2/);
  refused("gpt2", { scale_attn_by_inverse_layer_idx: true }, /is true; only false/);
  refused("gptj", { rotary_dim: 5 }, /5 numbers of each head are rotated, which is odd/);
  refused("gpt_neox", { hidden_act: "relu" }, /only "gelu", "gelu_new", "gelu_fast" are/);
  refused("gemma3_text", { layer_types: ["full_attention"] }, /one entry for each of the 3 layers/);
  refused("gemma2", { use_bidirectional_attention: true }, /use_bidirectional_attention is true/);
  refused("mistral", { sliding_window: -1 }, /sliding_window is -1; a positive number/);
  refused("qwen3", { attention_bias: true }, /attention_bias is true; only false/);
  const rope = GOLDEN.models["phi3-longrope"].config.rope_parameters as Record<string, unknown>;
  refused(
    "phi3",
    { rope_parameters: { ...rope, short_factor: [1] } },
    /short_factor has to be a list of 4/,
  );
  refused("phi3", { rope_parameters: { rope_type: "yarn" } }, /rope_type is "yarn"/);
});

Deno.test("longrope: a sequence that its short factors are not for is refused", () => {
  const config = fromHfConfig(GOLDEN.models["phi3-longrope"].config, "config.json");
  assert.equal(config.max_position_embeddings, 64);
  tf.dispose(Object.values(ropeTables([0, 63], config)));
  assert.throws(() => ropeTables([0, 64], config), /more than 64 tokens.*longrope/);
});

Deno.test("adapters that name none of a family's matrices are refused with those that it has", () => {
  const config = fromHfConfig(GOLDEN.models.phi3.config, "config.json");
  const lora: LoraSettings = { r: 2, alpha: 4, dropout: 0, targets: ["q_proj"] };
  assert.throws(
    () => adapterShapes(config, lora),
    /no matrix of a phi3 model; it has o_proj, down_proj, qkv_proj, gate_up_proj/,
  );
});

Deno.test("config.json has floats where transformers wants no whole numbers", () => {
  const texts = ["gemma2", "llama-3-rope"].map((name) =>
    hfConfigText(toHfConfig(fromHfConfig(GOLDEN.models[name].config, name)))
  );
  assert.match(texts[0], /"final_logit_softcapping": 3\.0,$/m);
  assert.match(texts[1], /"factor": 8\.0,$/m);
  assert.match(texts[1], /"original_max_position_embeddings": 16$/m);
});

Deno.test("the list of families in the docs is that of the goldens", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/families.md", import.meta.url));
  const rows = page.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())).slice(1);
  const expected = FAMILIES.map(({ name, models, block }) => [
    `\`${name}\``,
    models,
    `\`${block}\``,
    Object.entries(GOLDEN.models).filter(([, { config }]) => config.model_type === name)
      .map(([golden]) => `\`${golden}\``).join(", "),
  ]);
  assert.deepEqual(rows, expected);
});

function logitsAreEqual({ config }: ModelSource, weights: Weights, { ids, logits }: FamilyGolden) {
  const found = tf.tidy(() => {
    const layout = layoutTensors(layOut([{ ids, start: ids.length }], "padded"), config);
    return tf.slice(allLogits(config, weights, layout, "fp32"), [0, 0], [ids.length, -1])
      .dataSync();
  });
  const worst = Math.max(...logits.flat().map((value, i) => Math.abs(value - found[i])));
  assert.ok(worst < 1e-3, `largest difference ${worst}`);
}

async function gradientsAreEqual(
  { config }: ModelSource,
  weights: Weights,
  golden: FamilyGolden,
  way: Way,
) {
  const find = way.layout === "shared-prompt" ? besideAnother : ofAStep;
  const { loss, gradients, dispose } = await find(config, weights, golden, way);
  close(loss.dataSync()[0], golden.loss, "loss", way.tolerance);
  const stored = storedTensors(config);
  const whole = Math.hypot(...Object.values(golden.gradients).map(([norm]) => norm));
  for (const name of Object.keys(weights)) {
    const { name: file, alternatives, toFile } = stored.get(name)!;
    const inFile = [file, ...alternatives].find((one) => one in golden.gradients)!;
    const [norm] = golden.gradients[inFile];
    const gradient = toFile(gradients[name].dataSync() as Float32Array);
    const difference = gradientDifference(golden, inFile, gradient);
    const most = way.tolerance * (way.precision === "bf16" ? whole : norm);
    assert.ok(difference < most, `${inFile}: ${difference}, at most ${most}`);
    assert.ok(Math.abs(Math.hypot(...gradient) - norm) < most, inFile);
  }
  dispose();
}

interface Found {
  loss: tf.Tensor;
  gradients: Weights;
  dispose: () => void;
}

/** As training computes it: SFT on one example. */
async function ofAStep(
  config: DecoderConfig,
  weights: Weights,
  { ids, scored_from: start }: FamilyGolden,
  { layout, precision, checkpointing }: Way,
): Promise<Found> {
  const loss = { name: "sft", beta: 0, labelSmoothing: 0, referenceFree: false } as const;
  const steps = new Steps(config, loss, layout, precision, new Buckets(), checkpointing);
  const batch = layoutTensors(layOut([{ ids, start }], layout), config);
  const { gradients, examples } = await steps.gradients(
    weights,
    batch,
    { logps: null, weights: null },
    1,
  );
  const dispose = () => {
    steps.dispose();
    tf.dispose([gradients, { ...examples }]);
  };
  return { loss: examples.losses, gradients, dispose };
}

/** The sequence beside another one with the same prompt. */
function besideAnother(
  config: DecoderConfig,
  weights: Weights,
  { ids, scored_from: start }: FamilyGolden,
  { layout, precision }: Way,
): Found {
  const names = Object.keys(weights);
  const run = jit((weights: Weights, batch: LayoutTensors) =>
    tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      const logps = sequenceLogps(config, named, batch, precision);
      return tf.neg(tf.sum(tf.slice(logps, [0], [1]))) as tf.Scalar;
    })(names.map((name) => weights[name]))
  );
  const other = { ids: [...ids.slice(0, start), 9, 9, 9], start };
  const batch = layoutTensors(layOut([{ ids, start }, other], layout), config);
  const { value, grads } = run(weights, batch);
  const dispose = () => {
    run.dispose();
    tf.dispose([value, grads]);
  };
  const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i]]));
  return { loss: value, gradients, dispose };
}

async function greedyIsEqual({ config }: ModelSource, weights: Weights, golden: FamilyGolden) {
  const { from, ids } = golden.greedy;
  const request = { maxNewTokens: ids.length, temperature: 0, topP: 1, seed: 0 };
  const prompts = [golden.ids.slice(0, from), golden.ids.slice(0, 3)];
  const [sampled] = await sample(
    config,
    weights,
    "fp32",
    prompts.map((ids) => ({ ids, ...request })),
    { eosId: null },
  );
  assert.deepEqual(sampled.ids, ids);
}

/** Adapters as PEFT would apply them to the file's matrices give the weights that are merged here. */
async function adaptersAreOfTheFile(folder: string, source: ModelSource, golden: FamilyGolden) {
  const { config } = source, at = join(folder, "adapter"), lora = GOLDEN_LORA;
  const adapters = goldenAdapters(config);
  await saveAdapters(at, adapters, lora, source);
  const { fan_in_fan_out: transposed, target_modules: targets } = JSON.parse(
    Deno.readTextFileSync(join(at, "adapter_config.json")),
  );
  const file = openSafetensors(join(at, "adapter_model.safetensors"));
  const stored = storedTensors(config), original = goldenTensors(golden);
  let adapted = 0;
  for await (const { name, data } of mergedWeights(source, adapters, lora)) {
    const { name: inFile, alternatives, toFile } = stored.get(name)!;
    const module = inFile.replace(/\.weight$/, ""), a = `base_model.model.${module}.lora_A.weight`;
    const before = [inFile, ...alternatives].map((one) => original.get(one)).find((one) => one)!;
    const has = file.tensors.has(a), b = a.replace("lora_A", "lora_B");
    const isTarget = targets.some((target: string) => module.endsWith(`.${target}`));
    assert.equal(has, isTarget, module);
    if (!has) {
      assert.deepEqual(toFile(data), before);
      continue;
    }
    adapted++;
    const [rows, inputs] = [b, a].map((one, i) => file.tensors.get(one)!.shape[i]);
    const [A, B] = [a, b].map((one) => file.read(one));
    const merged = toFile(data);
    for (let o = 0; o < rows; o++) {
      for (let i = 0; i < inputs; i++) {
        const at = transposed ? i * rows + o : o * inputs + i;
        const change = 3 * (B[2 * o] * A[i] + B[2 * o + 1] * A[inputs + i]);
        assert.ok(Math.abs(merged[at] - before[at] - change) < 1e-5, `${module} ${o} ${i}`);
      }
    }
  }
  assert.equal(2 * adapted, file.tensors.size);
  file.close();
  const loaded = loadAdapters(at, config, lora, source);
  for (const [name, tensor] of Object.entries(adapters)) {
    assert.deepEqual(loaded[name].dataSync(), tensor.dataSync(), name);
  }
  await adaptedEqualsMerged(source, loaded, lora, golden);
  tf.dispose([adapters, loaded]);
}

/** Frozen base and adapters compute what the merged model does. */
async function adaptedEqualsMerged(
  source: ModelSource,
  adapters: Weights,
  settings: LoraSettings,
  { ids, scored_from: start }: FamilyGolden,
) {
  const { config } = source, base = await loadFrozenWeights(source, "fp32");
  const merged: Weights = {};
  for await (const { name, data, shape } of mergedWeights(source, adapters, settings)) {
    merged[name] = tf.tensor(data, shape);
  }
  const [found, expected] = tf.tidy(() => {
    const layout = layoutTensors(layOut([{ ids, start }], "packed"), config);
    const options = { adapters: { weights: adapters, settings, dropoutSeed: null } };
    return [
      sequenceLogps(config, base, layout, "fp32", options),
      sequenceLogps(config, merged, layout, "fp32"),
    ].map((logps) => logps.dataSync()[0]);
  });
  close(found, expected, "adapted");
  tf.dispose([base, merged]);
}

/** The weights with adapters worked in give the logits that PEFT does from the saved folder. */
async function adaptersAreAsPefts(source: ModelSource, name: string, { ids }: FamilyGolden) {
  const { config } = source, adapters = goldenAdapters(config), merged: Weights = {};
  for await (const { name, data, shape } of mergedWeights(source, adapters, GOLDEN_LORA)) {
    merged[name] = tf.tensor(data, shape);
  }
  const golden = peft.models[name as keyof typeof peft.models];
  tf.tidy(() => {
    const layout = layoutTensors(layOut([{ ids, start: ids.length }], "padded"), config);
    const logits = tf.slice(allLogits(config, merged, layout, "fp32"), [0, 0], [ids.length, -1]);
    const columns = tf.gather(logits, tf.tensor1d(peft.columns, "int32"), 1).dataSync();
    const found = [...columns, ...tf.logSumExp(logits, -1).dataSync()];
    [...golden.at_columns.flat(), ...golden.logsumexp].forEach((value, i) =>
      assert.ok(Math.abs(found[i] - value) < 1e-3, `${i}: ${found[i]}, PEFT ${value}`)
    );
  });
  tf.dispose([adapters, merged]);
}

async function isSavedAsItWas(folder: string, source: ModelSource, golden: FamilyGolden) {
  const out = join(folder, "saved"), { config, tokenizer } = source;
  const weights = async function* () {
    for (const name of source.tensorNames) {
      yield { name, shape: source.shape(name), data: await source.read(name) };
    }
  };
  await savePolicy(out, { config, tokenizer, weights: weights() });
  const file = openSafetensors(join(out, "model.safetensors"));
  const alternatives = familyOf(config.architecture)!.files?.alternatives;
  for (const name of file.tensors.keys()) {
    const expected = [name, ...alternatives?.(name) ?? []]
      .map((one) => goldenTensors(golden).get(one)).find((values) => values);
    assert.deepEqual(file.read(name), expected, name);
  }
  assert.equal(file.tensors.size, golden.tensors.length);
  file.close();
  const saved = JSON.parse(Deno.readTextFileSync(join(out, "config.json")));
  assert.deepEqual(fromHfConfig(saved, out), config);
}

function close(found: number, expected: number, what: string, tolerance = 1e-3): void {
  assert.ok(
    Math.abs(found - expected) <= tolerance * Math.abs(expected),
    `${what}: ${found}, transformers ${expected}`,
  );
}
