import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import { fromHfConfig, toHfConfig } from "@/lib/models/hf-config.ts";
import { fileDigest } from "@/lib/models/digest.ts";
import { savePolicy } from "@/lib/models/export.ts";
import { createSafetensors } from "@/lib/models/safetensors.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { tinyGguf, tinyLlama } from "@/tests/models/tiny_gguf.ts";

Deno.test("a saved model opens again with the same weights, tokenizer and configuration", () =>
  inFolder(async (folder) => {
    const source = await openTiny(folder);
    const saved = join(folder, "run", "policy");
    await save(source, saved);
    assert.deepEqual(names(saved), [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const again = await openModel(saved);
    assert.equal(again.format, "safetensors");
    assert.deepEqual(again.config, source.config);
    assert.deepEqual(again.tensorNames, source.tensorNames);
    assert.ok(!again.tensorNames.includes("lm_head.weight"), "a tied head is stored once");
    for (const name of source.tensorNames) {
      assert.deepEqual(await again.read(name), await source.read(name), name);
    }
    assert.deepEqual(again.tokenizer.encode("ab a 12"), source.tokenizer.encode("ab a 12"));
    assert.equal(again.tokenizer.eosId, source.tokenizer.eosId);
    await assert.rejects(async () => await again.read("lm_head.weight"), /no tensor named lm_head/);
    again.close();
    source.close();

    const digest = again.digest;
    const byOriginalName = await openModel(join(folder, "run", "policy.pt"));
    assert.equal(byOriginalName.digest, digest);
    byOriginalName.close();
    await openModel(saved).then((model) => (assert.equal(model.digest, digest), model.close()));
  }));

Deno.test("SmolLM2's chat template and EOS survive a save", () =>
  inFolder(async (folder) => {
    const source = await openModel("smollm2");
    source.close();
    for (const [name, text] of Object.entries(source.tokenizer.files())) {
      Deno.writeTextFileSync(join(folder, name), text);
    }
    assert.deepEqual(names(folder), [
      "chat_template.jinja",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const config = { ...source.config, num_hidden_layers: 1, hidden_size: 4, intermediate_size: 4 };
    Object.assign(config, { num_attention_heads: 1, num_key_value_heads: 1, head_dim: 4 });
    const weights = [...tensorShapes(config)].map(([name, shape]) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
    }));
    await savePolicy(folder, { config, tokenizer: source.tokenizer, weights });
    const again = await openModel(folder);
    again.close();
    const chat = [{ role: "user", content: "Sort 12 and <|im_end|>" }];
    assert.deepEqual(again.tokenizer.chatPrompt(chat), source.tokenizer.chatPrompt(chat));
    assert.deepEqual(again.tokenizer.files(), source.tokenizer.files());
  }));

Deno.test("a model split over shards is read as one, and a missing shard is named", () =>
  inFolder(async (folder) => {
    const { saved, source } = await savedTiny(folder);
    const entries = source.tensorNames.map((
      name,
      i,
    ) => [name, `model-0000${i % 2 + 1}-of-00002.safetensors`]);
    for (const shard of new Set(entries.map(([, file]) => file))) {
      const inside = entries.filter(([, file]) => file === shard).map(([name]) => name);
      const writer = createSafetensors(
        join(saved, shard),
        inside.map((name) => ({ name, dtype: "F32", shape: source.shape(name) })),
      );
      for (const name of inside) {
        writer.write(name, new Uint8Array((await source.read(name)).buffer));
      }
      writer.finish();
    }
    Deno.removeSync(join(saved, "model.safetensors"));
    const index = { metadata: {}, weight_map: Object.fromEntries(entries) };
    writeJson(saved, "model.safetensors.index.json", index);
    const model = await openModel(saved);
    for (const name of source.tensorNames) {
      assert.deepEqual(await model.read(name), await source.read(name));
    }
    model.close();
    Deno.removeSync(join(saved, "model-00002-of-00002.safetensors"));
    await refused(saved, /lacks the shard model-00002-of-00002\.safetensors, one of 2/);
    writeJson(saved, "model.safetensors.index.json", { weight_map: { a: "../../etc/passwd" } });
    await refused(saved, /impossible file "\.\.\/\.\.\/etc\/passwd"/);
    source.close();
  }));

Deno.test("a folder that is not whole is refused with the file to mend", async (t) => {
  const config = (changes: Record<string, unknown>) => (folder: string) => {
    const file = join(folder, "config.json");
    writeJson(folder, "config.json", { ...JSON.parse(Deno.readTextFileSync(file)), ...changes });
  };
  const remove = (name: string) => (folder: string) => Deno.removeSync(join(folder, name));
  const cases: [string, (folder: string) => void, RegExp][] = [
    ["no weights", remove("model.safetensors"), /holds no model: model\.safetensors .* is missing/],
    ["no config", remove("config.json"), /config\.json cannot be read/],
    ["no tokenizer", remove("tokenizer.json"), /has no tokenizer\.json/],
    [
      "a pickle only",
      (folder) => {
        remove("model.safetensors")(folder);
        Deno.writeTextFileSync(join(folder, "pytorch_model.bin"), "");
      },
      /pytorch_model\.bin, a pickle, which runs code .*python3 -c ".+" \S+$/,
    ],
    [
      "a damaged config",
      (folder) => Deno.writeTextFileSync(join(folder, "config.json"), "{"),
      /config\.json is not JSON/,
    ],
    [
      "another family",
      config({ model_type: "mamba" }),
      /architecture "mamba" is not supported; supported: llama/,
    ],
    [
      "another shape",
      config({ intermediate_size: 16 }),
      /gate_proj\.weight has the shape \[12, 8\].*\[16, 8\]/,
    ],
    ["a missing tensor", config({ tie_word_embeddings: false }), /no tensor named lm_head\.weight/],
    ["tensors too many", config({ num_hidden_layers: 0 }), /num_hidden_layers is 0/],
    ["10^12 wide", config({ hidden_size: 1e12 }), /hidden_size is 1000000000000/],
    ["biases", config({ attention_bias: true }), /attention_bias is true; only false/],
    [
      "scaled positions",
      config({ rope_scaling: { rope_type: "yarn" } }),
      /rope_type is "yarn"; only "default", "linear", "llama3" are supported/,
    ],
    [
      "a scaling without its numbers",
      config({ rope_scaling: { rope_type: "llama3", factor: 8 } }),
      /low_freq_factor is missing/,
    ],
    ["another activation", config({ hidden_act: "gelu" }), /hidden_act is "gelu"/],
    ["EOS outside", config({ eos_token_id: 999 }), /eos_token_id is 999/],
    [
      "a tokenizer larger than the model",
      (folder) => {
        const json = JSON.parse(Deno.readTextFileSync(join(folder, "tokenizer.json")));
        json.model.vocab.more = 700;
        writeJson(folder, "tokenizer.json", json);
      },
      /tokenizer has 701 tokens, the model's embedding only 260/,
    ],
    [
      "cut weights",
      (folder) => Deno.truncateSync(join(folder, "model.safetensors"), 5000),
      /truncated or damaged/,
    ],
  ];
  for (const [name, damage, message] of cases) {
    await t.step(name, () =>
      inFolder(async (folder) => {
        const { saved, source } = await savedTiny(folder);
        source.close();
        damage(saved);
        await refused(saved, message);
      }));
  }
});

Deno.test("a name that is no model says what a model is", () =>
  inFolder(async (folder) => {
    await refused(
      join(folder, "missing.gguf"),
      /no model at .*missing\.gguf; a model is a preset \(smollm2, /,
    );
    await refused("smolm2", /no model at smolm2; a model is a preset \(smollm2, /);
    const write = (name: string) => {
      Deno.writeTextFileSync(join(folder, name), "x");
      return join(folder, name);
    };
    await refused(
      write("policy.pt"),
      /policy\.pt is a pickle, which runs code of its maker when loaded; convert it once .*, and name \S+\/policy: python3 -c ".+" MODEL \S+\/policy\.pt \S+\/policy$/,
    );
    await refused(write("it's.pt"), / MODEL '\S+\/it'\\''s\.pt' '\S+\/it'\\''s'$/);
    await refused(write("m.safetensors"), /holds weights alone; name the folder/);
    await refused(write("m.txt"), /is not a model; a model is/);
    await refused(join(write("file"), "below"), /no model at/);
    await refused(folder, /holds no model/);
  }));

Deno.test("saving refuses tensors that do not make the model, and leaves no weights behind", () =>
  inFolder(async (folder) => {
    const source = await openTiny(folder);
    const all = await Promise.all(source.tensorNames.map(async (name) => ({
      name,
      shape: source.shape(name),
      data: await source.read(name),
    })));
    source.close();
    const { config, tokenizer } = source;
    const out = join(folder, "out");
    const trySave = (weights: typeof all) => savePolicy(out, { config, tokenizer, weights });
    await assert.rejects(trySave(all.slice(1)), /never written: model\.embed_tokens\.weight/);
    await assert.rejects(trySave([...all, all[0]]), /written before/);
    await assert.rejects(trySave([{ ...all[0], shape: [8, 260] }]), /has the shape \[8,260\]/);
    assert.deepEqual(names(out), []);
    const head = { ...all[0], name: "lm_head.weight" };
    await trySave([...all, head].reverse());
    assert.ok(names(out).includes("model.safetensors"));
  }));

Deno.test("configurations of transformers 4 and 5 mean the same", () => {
  const hf = {
    model_type: "llama",
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    vocab_size: 100,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-5,
    eos_token_id: [3, 4],
  };
  const four = fromHfConfig({ ...hf, rope_theta: 500000, rope_scaling: null }, "a");
  const five = fromHfConfig({
    ...hf,
    rope_parameters: { rope_type: "default", rope_theta: 500000 },
  }, "b");
  assert.deepEqual(four, five);
  assert.equal(four.head_dim, 16);
  assert.equal(four.num_key_value_heads, 4);
  assert.equal(four.eos_token_id, 3);
  assert.equal(four.tie_word_embeddings, false);
  assert.ok(tensorShapes(four).has("lm_head.weight"));
  assert.deepEqual(fromHfConfig(toHfConfig(four), "c"), four);
});

Deno.test("a large file's digest is kept, and computed anew when the file changes", () =>
  inFolder((folder) => {
    const path = join(folder, "large.bin"), cache = join(folder, "cache");
    const write = (byte: number, seconds: number) => {
      Deno.writeFileSync(path, new Uint8Array(17 * 1024 * 1024).fill(byte));
      Deno.utimeSync(path, seconds, seconds);
    };
    write(1, 1000);
    const first = fileDigest(path, cache);
    assert.match(first, /^[0-9a-f]{64}$/);
    const kept = JSON.parse(Deno.readTextFileSync(join(cache, "digests.json")));
    assert.equal(kept[path].sha256, first);
    kept[path].sha256 = "kept";
    writeJson(cache, "digests.json", kept);
    assert.equal(fileDigest(path, cache), "kept");
    write(2, 2000);
    assert.notEqual(fileDigest(path, cache), first);
    Deno.writeTextFileSync(join(cache, "digests.json"), "damaged");
    write(1, 3000);
    assert.equal(fileDigest(path, cache), first);
  }));

Deno.test("a GGUF with any byte of its header changed opens or is refused, and never crashes", () =>
  inFolder(async (folder) => {
    const whole = tinyGguf(tinyLlama());
    const path = join(folder, "m.gguf");
    const place = fc.integer({ min: 0, max: 4000 }), byte = fc.integer({ min: 0, max: 255 });
    await fc.assert(
      fc.asyncProperty(place, byte, fc.boolean(), async (at, value, cut) => {
        const bytes = whole.slice(0, cut ? at : undefined);
        if (!cut) bytes[at] = value;
        Deno.writeFileSync(path, bytes);
        const model = await openModel(path).catch((error) => {
          assert.ok(error instanceof InputError, error.stack);
        });
        model?.close();
      }),
      { numRuns: 150 },
    );
  }));

async function openTiny(folder: string): Promise<ModelSource> {
  const path = join(folder, "tiny.gguf");
  Deno.writeFileSync(path, tinyGguf(tinyLlama()));
  return await openModel(path);
}

async function save(source: ModelSource, folder: string): Promise<void> {
  const weights = async function* () {
    for (const name of source.tensorNames) {
      yield { name, shape: source.shape(name), data: await source.read(name) };
    }
  };
  await savePolicy(folder, {
    config: source.config,
    tokenizer: source.tokenizer,
    weights: weights(),
  });
}

async function savedTiny(folder: string) {
  const source = await openTiny(folder);
  const saved = join(folder, "policy");
  await save(source, saved);
  return { source, saved };
}

async function refused(name: string, message: RegExp): Promise<void> {
  await assert.rejects(openModel(name), (error: Error) => {
    assert.ok(error instanceof InputError, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

function writeJson(folder: string, name: string, value: unknown): void {
  Deno.writeTextFileSync(join(folder, name), JSON.stringify(value));
}

async function inFolder(use: (folder: string) => Promise<void> | void) {
  const folder = Deno.makeTempDirSync();
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
