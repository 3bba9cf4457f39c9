/** Every family through GGUF and back, on the small random models of tests/oracles/oracle_families.py. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { FAMILIES, familyOf } from "@/lib/models/families/mod.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { writeConfig } from "@/lib/models/gguf-config.ts";
import { ggufTensors } from "@/lib/models/gguf-tensors.ts";
import { fromHfConfig } from "@/lib/models/hf-config.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { storedTensors } from "@/lib/models/stored-tensors.ts";
import { type FamilyGolden, GOLDEN, writeGoldenFolder } from "./family-goldens.ts";
import { asLlamaCpp, saveGoldenGguf, STORED, tensorsDigest } from "./family-gguf.ts";
import transformers from "@/tests/fixtures/oracles/gguf_models.json" with { type: "json" };
import names from "@/tests/fixtures/oracles/gguf_names.json" with { type: "json" };

/** What the file has instead of the model's. */
const READ_AS: Record<string, Record<string, unknown>> = {
  "mistral": { max_position_embeddings: 6 },
  "starcoder2": { max_position_embeddings: 6 },
};

for (const [name, golden] of STORED) {
  Deno.test(`${name}: written to GGUF in F32, opens again equal in every bit`, () =>
    withGolden(name, golden, async (source, folder) => {
      const path = join(folder, "model.gguf");
      const { fallbacks, notes } = await saveGoldenGguf(source, path);
      assert.deepEqual(fallbacks, []);
      assert.equal(notes.length, name in READ_AS ? 1 : 0, notes.join());
      const again = await openModel(path);
      try {
        assert.deepEqual(fp32(again.config), fp32({ ...source.config, ...READ_AS[name] }));
        assert.deepEqual(again.tensorNames, source.tensorNames);
        const plusOne = source.config.differences?.norm === "rms-plus-one";
        for (const tensor of source.tensorNames) {
          const [found, wanted] = [await again.read(tensor), await source.read(tensor)];
          // 1 + w is what the model computes with, and what the file holds.
          const sides = plusOne && tensor.endsWith("norm.weight")
            ? [found.map((w) => 1 + w), wanted.map((w) => 1 + w)]
            : [found, wanted];
          assert.equal(Buffer.compare(bytesOf(sides[0]), bytesOf(sides[1])), 0, tensor);
        }
        const twice = join(folder, "twice.gguf");
        await saveGoldenGguf(again, twice);
        assert.deepEqual(Deno.readFileSync(twice), Deno.readFileSync(path));
      } finally {
        again.close();
      }
    }));
}

Deno.test("Mistral without a window stays Mistral, and nothing has to be said of it", () => {
  const { config, ...golden } = GOLDEN.models.mistral;
  const open = { ...golden, config: { ...config, sliding_window: null } };
  return withGolden("mistral", open, async (source, folder) => {
    const path = join(folder, "model.gguf");
    assert.deepEqual((await saveGoldenGguf(source, path)).notes, []);
    const again = await openModel(path);
    again.close();
    assert.deepEqual(fp32(again.config), fp32(source.config));
    assert.equal(again.config.architecture, "mistral");
  });
});

Deno.test("transformers makes the models' own tensors of the files that are written", async () => {
  const verified = Object.entries(transformers.models);
  assert.ok(verified.length >= 11);
  for (const [name, { tensors_sha256 }] of verified) {
    await withGolden(name, GOLDEN.models[name], async (source, folder) => {
      const path = join(folder, "model.gguf");
      await saveGoldenGguf(source, path);
      assert.equal(await tensorsDigest(path), tensors_sha256, name);
    });
  }
});

Deno.test("tensors have the names that the gguf package gives to the files' names", () => {
  for (const [name, golden] of STORED) {
    const config = fromHfConfig(asLlamaCpp(name, golden).config, name);
    const { architecture } = familyOf(config.architecture)!.gguf!;
    const expected =
      (names as Record<string, { architecture: string; names: Record<string, string> }>)[name];
    assert.equal(architecture, expected.architecture, name);
    const found = ggufTensors(config);
    const byFileName = [...storedTensors(config)].map(([inMemory, { name, alternatives }]) => {
      const inFile = [name, ...alternatives].find((one) => one in expected.names)!;
      return [inFile, found.get(inMemory)!.name];
    });
    assert.deepEqual(Object.fromEntries(byFileName), expected.names, name);
  }
});

Deno.test("the rows of queries and keys are in llama.cpp's order where it pairs neighbours, and only there", async () => {
  for (const [name, paired] of [["llama", true], ["mistral", true], ["qwen2", false]] as const) {
    await withGolden(name, GOLDEN.models[name], async (source, folder) => {
      const path = join(folder, "model.gguf"), tensor = "model.layers.1.self_attn.k_proj.weight";
      await saveGoldenGguf(source, path);
      const file = await openGguf(path), { head_dim: K, hidden_size: width } = source.config;
      const [stored, own] = [file.read("blk.1.attn_k.weight"), await source.read(tensor)];
      file.close();
      // As `LlamaModel.permute` of convert_hf_to_gguf.py: reshape(heads, 2, K/2).swapaxes(1, 2).
      const order = Array.from({ length: K }, (_, i) => paired ? (i % 2) * K / 2 + (i >> 1) : i);
      for (let head = 0; head < source.config.num_key_value_heads; head++) {
        order.forEach((from, to) => {
          const row = (values: Float32Array, i: number) =>
            values.subarray((head * K + i) * width, (head * K + i + 1) * width);
          assert.deepEqual(row(stored, to), row(own, from), `${name} head ${head} row ${to}`);
        });
      }
    });
  }
});

Deno.test("Llama 3's factors of positions are those of llama.cpp's converter, and are read back from real lengths", () => {
  const config = fromHfConfig(GOLDEN.models["llama-3-rope"].config, "llama");
  const scaling = { low_freq_factor: 1, high_freq_factor: 4, rope_type: "llama3" } as const;
  for (const [factor, original, head_dim] of [[8, 8192, 128], [32, 8192, 64], [8, 16, 8]]) {
    const { tensors } = writeConfig({
      ...config,
      head_dim,
      differences: {
        ropeScaling: { ...scaling, factor, original_max_position_embeddings: original },
      },
    });
    const factors = tensors.get("rope_freqs.weight")!;
    assert.equal(factors.length, head_dim / 2);
    factors.forEach((value, i) => {
      const wavelength = 2 * Math.PI * config.rope_theta ** (2 * i / head_dim);
      const smooth = (original / wavelength - 1) / (4 - 1);
      const expected = wavelength < original / 4
        ? 1
        : wavelength > original
        ? factor
        : 1 / ((1 - smooth) / factor + smooth);
      assert.ok(Math.abs(value / expected - 1) < 1e-6, `${i}: ${value}, ${expected}`);
    });
  }
});

Deno.test("what a GGUF file cannot say of a family is refused", () => {
  const refused = (name: string, changes: Record<string, unknown>, message: RegExp) =>
    assert.throws(
      () => writeConfig(fromHfConfig({ ...GOLDEN.models[name].config, ...changes }, name)),
      (error) => error instanceof InputError && message.test(error.message),
      `${name} ${message}`,
    );
  refused("gptj", {}, /gptj model cannot be written to GGUF, for llama\.cpp does not compute it/);
  refused("gemma2", {}, /gemma2 model with queryScalar as here cannot/);
  refused("gemma3_text", {}, /gemma3_text model with queryScalar, slidingLayers as here cannot/);
  refused(
    "qwen2",
    { use_sliding_window: true, sliding_window: 6, layer_types: null, max_window_layers: 1 },
    /qwen2 model with slidingWindow, slidingLayers as here cannot/,
  );
  const other = {
    ...GOLDEN.models["llama-3-rope"].config.rope_parameters as object,
    high_freq_factor: 3,
  };
  refused("llama-3-rope", { rope_parameters: other }, /not Llama 3's/);
  assert.deepEqual(
    FAMILIES.filter(({ gguf }) => !gguf).map(({ name }) => name),
    ["gptj"],
  );
});

async function withGolden(
  name: string,
  golden: FamilyGolden,
  use: (source: ModelSource, folder: string) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    writeGoldenFolder(folder, asLlamaCpp(name, golden));
    const source = await openModel(folder);
    await use(source, folder).finally(() => source.close());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Numbers as fp32 has them, which is what GGUF stores. */
function fp32(value: unknown): unknown {
  if (typeof value === "number") return Math.fround(value);
  if (Array.isArray(value)) return value.map(fp32);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, fp32(inner)]),
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
