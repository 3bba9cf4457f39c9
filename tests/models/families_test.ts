/** Every family against transformers (tests/oracles/oracle_families.py), on small random models in fp32. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadAdapters, saveAdapters } from "@/lib/models/adapter-folder.ts";
import { savePolicy } from "@/lib/models/export.ts";
import { FAMILIES, familyOf } from "@/lib/models/families/mod.ts";
import { fromHfConfig } from "@/lib/models/hf-config.ts";
import { layOut, type LayoutKind, type LayoutTensors, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits, sequenceLogps } from "@/lib/models/logps.ts";
import {
  adapterShapes,
  LORA_TARGETS,
  type LoraSettings,
  mergedWeights,
} from "@/lib/models/lora.ts";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import { sample } from "@/lib/models/sampling.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { storedTensors } from "@/lib/models/stored-tensors.ts";
import { loadFrozenWeights, loadWeights, type Weights } from "@/lib/models/weights.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import {
  type FamilyGolden,
  GOLDEN,
  goldenTensors,
  uniform,
  writeGoldenFolder,
} from "./family-goldens.ts";

const WAYS: { layout: LayoutKind; checkpointing: boolean }[] = [
  { layout: "padded", checkpointing: false },
  { layout: "packed", checkpointing: true },
  { layout: "shared-prompt", checkpointing: false },
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
          `loss and gradients, ${way.layout}${way.checkpointing ? ", recomputed" : ""}`,
          () => gradientsAreEqual(source, weights, golden, way),
        );
      }
      await t.step("greedy tokens from the cache", () => greedyIsEqual(source, weights, golden));
      await t.step("adapters", () => adaptersAreOfTheFile(folder, source, golden));
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

/** The sequence beside another one, so that a layout has something to lay out. */
function gradientsAreEqual(
  { config }: ModelSource,
  weights: Weights,
  golden: FamilyGolden,
  { layout: kind, checkpointing }: typeof WAYS[number],
) {
  const { ids, scored_from: start } = golden, names = Object.keys(weights);
  const other = { ids: [...ids.slice(0, start), 9, 9, 9], start };
  const run = jit((weights: Weights, batch: LayoutTensors) =>
    tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      const logps = sequenceLogps(config, named, batch, "fp32", { checkpointing });
      return tf.neg(tf.sum(tf.slice(logps, [0], [1]))) as tf.Scalar;
    })(names.map((name) => weights[name]))
  );
  const layout = layoutTensors(layOut([{ ids, start }, other], kind), config);
  const { value, grads } = run(weights, layout);
  close(value.dataSync()[0], golden.loss, "loss");
  const stored = storedTensors(config);
  names.forEach((name, i) => {
    const { name: file, alternatives, toFile } = stored.get(name)!;
    const inFile = [file, ...alternatives].find((one) => one in golden.gradients)!;
    const gradient = toFile(grads[i].dataSync() as Float32Array);
    const [norm, ...products] = golden.gradients[inFile];
    const missed = products.map((product, k) => {
      const vector = uniform(GOLDEN.first_vector + k, gradient.length);
      return product - gradient.reduce((sum, g, i) => sum + g * vector[i], 0);
    });
    // A vector's entries have the variance 1/3, so that the mean square of products is a third of the difference's.
    const difference = Math.sqrt(3 * missed.reduce((sum, m) => sum + m * m, 0) / missed.length);
    assert.ok(difference < 1e-3 * norm, `${inFile}: ${difference} of ${norm}`);
    close(Math.hypot(...gradient), norm, inFile);
  });
  run.dispose();
  tf.dispose([value, grads]);
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
  const { config } = source, at = join(folder, "adapter");
  const lora: LoraSettings = { r: 2, alpha: 6, dropout: 0, targets: [...LORA_TARGETS] };
  const adapters = Object.fromEntries(
    [...adapterShapes(config, lora)].map(([name, shape], i) => [
      name,
      tf.tensor(Float32Array.from(uniform(100 + i, shape[0] * shape[1])), shape),
    ]),
  );
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

function close(found: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(found - expected) <= 1e-3 * Math.abs(expected),
    `${what}: ${found}, transformers ${expected}`,
  );
}
