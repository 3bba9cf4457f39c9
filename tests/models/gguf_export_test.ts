import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { GGML_ENCODINGS, type GgmlEncodingName } from "@/lib/models/ggml-encode.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { policyOf } from "@/lib/models/export.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import golden from "@/tests/fixtures/oracles/blocks.json" with { type: "json" };

Deno.test("numbers become blocks bit for bit as the gguf package makes them", () => {
  const floats = new Float32Array(hexBytes(golden.encoded.floats).buffer);
  for (const name of ["F16", "Q8_0"] as const) {
    const encoding = GGML_ENCODINGS[name.toLowerCase() as GgmlEncodingName];
    assert.deepEqual(encoding.encode(floats), hexBytes(golden.encoded[name]), name);
  }
});

Deno.test("a model that is written to GGUF in F32 opens again, equal in every bit", async (t) => {
  const sizes = {
    "tied": {},
    "untied, with heads of their own width": { tie_word_embeddings: false, head_dim: 8 },
    "a table larger than the vocabulary": { vocab_size: 49_160 },
    "one key/value head, another rope": { num_key_value_heads: 1, rope_theta: 1e6 },
  };
  for (const [name, changes] of Object.entries(sizes)) {
    await t.step(name, () =>
      withTiny(changes, async (source, folder) => {
        const path = join(folder, "tiny.gguf");
        await saveGguf(path, policyOf(source), { type: "f32", name: "tiny", license: "mit" });
        const again = await openModel(path);
        try {
          assert.deepEqual(again.config, source.config);
          assert.deepEqual(again.tensorNames, source.tensorNames);
          for (const tensor of source.tensorNames) {
            const [found, wanted] = [await again.read(tensor), await source.read(tensor)];
            assert.equal(Buffer.compare(bytesOf(found), bytesOf(wanted)), 0, tensor);
          }
          const text = "def f(x):\n    return x + 2024  # <|im_end|> é";
          assert.deepEqual(again.tokenizer.encode(text), source.tokenizer.encode(text));
          const chat = [{ role: "user", content: text }];
          assert.deepEqual(again.tokenizer.chatPrompt(chat), source.tokenizer.chatPrompt(chat));
          assert.equal(again.tokenizer.eosId, source.tokenizer.eosId);
          assert.equal(again.tokenizer.padId, source.tokenizer.padId);
        } finally {
          again.close();
        }
        const file = await openGguf(path);
        assert.equal(file.metadata["general.name"], "tiny");
        assert.equal(file.metadata["general.license"], "mit");
        file.close();
      }));
  }
});

Deno.test("F16 and Q8_0 take the matrices, norms stay F32, and rows that are no whole blocks are told", () =>
  withTiny({}, async (source, folder) => {
    for (const type of ["f16", "q8_0"] as const) {
      const path = join(folder, `${type}.gguf`);
      const { fallbacks } = await saveGguf(path, policyOf(source), { type, name: "tiny" });
      const file = await openGguf(path);
      const types = Object.fromEntries([...file.tensors].map(([name, t]) => [name, t.type.name]));
      file.close();
      assert.equal(types["output_norm.weight"], "F32");
      assert.equal(types["blk.0.attn_norm.weight"], "F32");
      // Rows of 32 are a block; rows of 16 are not.
      assert.equal(types["blk.0.ffn_down.weight"], type.toUpperCase());
      assert.equal(types["token_embd.weight"], "F16");
      assert.equal(fallbacks.includes("model.embed_tokens.weight"), type === "q8_0");
      assert.ok(!fallbacks.includes("model.layers.0.mlp.down_proj.weight"));
      const again = await openModel(path);
      const name = "model.layers.1.self_attn.k_proj.weight";
      const [found, wanted] = [await again.read(name), await source.read(name)];
      again.close();
      assert.deepEqual(found, new Float32Array(new Float16Array(wanted)));
    }
  }));

Deno.test("what GGUF cannot hold is refused in one sentence, and leaves no file", () =>
  withTiny({}, async (source, folder) => {
    const path = join(folder, "x.gguf"), policy = policyOf(source);
    const refused = async (change: Partial<typeof policy>, message: RegExp) => {
      await assert.rejects(
        saveGguf(path, { ...policyOf(source), ...change }, { type: "f16", name: "x" }),
        (error: Error) => {
          assert.ok(error instanceof InputError, error.stack);
          assert.match(error.message, message);
          return true;
        },
      );
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["tiny"]);
    };
    const files = source.tokenizer.files();
    const withJson = (changes: Record<string, unknown>) => ({
      ...source.tokenizer,
      files: () => ({
        ...files,
        "tokenizer.json": JSON.stringify({ ...JSON.parse(files["tokenizer.json"]), ...changes }),
      }),
    });
    await refused(
      { tokenizer: withJson({ model: { type: "Unigram", vocab: {} } }) },
      /tokenizer of the kind "Unigram".*format=hf/,
    );
    await refused(
      { tokenizer: withJson({ pre_tokenizer: { type: "Metaspace" } }) },
      /pre-tokenizer .*Metaspace.* known: gpt-2, smollm, olmo, llama-bpe/,
    );
    await refused(
      { config: { ...source.config, sliding_window: 128 } as typeof source.config },
      /llama model with sliding_window as here cannot be written to GGUF/,
    );
    const large = (async function* () {
      for await (const weight of policyOf(source).weights) {
        if (weight.name.endsWith("0.mlp.up_proj.weight")) weight.data[5] = 70_000;
        yield weight;
      }
    })();
    await refused({ weights: large }, /up_proj\.weight holds 70000, .* type=f32/);
  }));

async function withTiny(
  sizes: Parameters<typeof saveTinyModel>[1],
  use: (source: ModelSource, folder: string) => Promise<void>,
) {
  const folder = Deno.makeTempDirSync();
  try {
    await saveTinyModel(join(folder, "tiny"), sizes);
    const source = await openModel(join(folder, "tiny"));
    await use(source, folder).finally(() => source.close());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function hexBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}
