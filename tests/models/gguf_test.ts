import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { GGML_TYPES } from "@/lib/models/ggml-types.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { openModel } from "@/lib/models/source.ts";
import { TINY, type TinyGguf, tinyGguf, tinyLlama } from "@/tests/models/tiny_gguf.ts";
import goldenBlocks from "@/tests/fixtures/oracles/blocks.json" with { type: "json" };
import goldenTensors from "@/tests/fixtures/oracles/tensors.json" with { type: "json" };

Deno.test("blocks of every type dequantise bit for bit as the gguf package", () => {
  const types = new Map([...GGML_TYPES.values()].map((type) => [type.name, type]));
  assert.deepEqual(Object.keys(goldenBlocks.types).sort(), [...types.keys()].sort());
  for (const [name, golden] of Object.entries(goldenBlocks.types)) {
    const type = types.get(name)!;
    const bytes = hexBytes(golden.bytes), floats = hexBytes(golden.floats);
    const out = new Float32Array(bytes.length / type.blockBytes * type.blockSize + 3);
    type.dequantize(bytes, out, 3);
    assert.deepEqual(new Uint8Array(out.buffer, 12), floats, name);
    assert.deepEqual([...out.subarray(0, 3)], [0, 0, 0], `${name} leaves what is before alone`);
  }
});

Deno.test("every tensor of SmolLM2 equals the gguf package's, in Hugging Face's layout", async () => {
  const model = await openModel("smollm2");
  try {
    assert.equal(model.digest, goldenTensors.file_sha256);
    assert.deepEqual([...model.tensorNames].sort(), Object.keys(goldenTensors.tensors).sort());
    for (const [name, sha256] of Object.entries(goldenTensors.tensors)) {
      const values = await model.read(name);
      assert.equal(values.length, model.shape(name).reduce((product, n) => product * n, 1));
      const found = createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");
      assert.equal(found, sha256, name);
    }
    assert.equal(model.format, "gguf");
    assert.equal(model.config.rms_norm_eps, 1e-5);
    assert.equal(model.config.rope_theta, 100000);
    assert.equal(model.config.tie_word_embeddings, true);
  } finally {
    model.close();
  }
});

Deno.test("half precision is read to the last bit, infinities and NaN included", () => {
  const half = GGML_TYPES.get(1)!;
  const out = new Float32Array(6);
  half.dequantize(new Uint8Array([0, 0x7c, 0, 0xfc, 1, 0, 0, 0x80, 0xff, 0x7b, 1, 0x7e]), out, 0);
  assert.deepEqual([...out], [Infinity, -Infinity, 2 ** -24, -0, 65504, NaN]);
});

Deno.test("the rows of Q and K come back in Hugging Face's order", async () => {
  const { hidden, heads, headDim } = TINY;
  const file = tinyLlama();
  const q = file.tensors.find((tensor) => tensor.name === "blk.0.attn_q.weight")!;
  // Each row holds its own number.
  const rows = new Float32Array(heads * headDim * hidden).map((_, i) => Math.floor(i / hidden));
  q.data = new Uint8Array(rows.buffer);
  await withFile(file, async (path) => {
    const model = await openModel(path);
    const read = await model.read("model.layers.0.self_attn.q_proj.weight");
    model.close();
    assert.deepEqual([...read].filter((_, i) => i % hidden === 0), [0, 2, 1, 3, 4, 6, 5, 7]);
  });
});

Deno.test("a damaged or foreign file is refused in one sentence that says what is wrong", async (t) => {
  const change = (edit: (file: TinyGguf) => void) => {
    const file = tinyLlama();
    edit(file);
    return tinyGguf(file);
  };
  const whole = tinyGguf(tinyLlama());
  const cases: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(), /only 0 bytes/],
    ["bad magic", change((f) => f.magic = "GGML"), /not a GGUF file: it starts with "GGML"/],
    ["version", change((f) => f.version = 7), /GGUF version 7/],
    ["big endian", change((f) => f.version = 0x03000000), /big-endian/],
    ["absurd count", change((f) => f.tensorCount = 10n ** 12n), /claims 1000000000000 tensors/],
    ["cut in the header", whole.subarray(0, 900), /truncated|damaged/],
    ["cut in the tensor list", whole.subarray(0, headerEnd(whole) - 100), /truncated|damaged/],
    ["cut in the data", whole.subarray(0, whole.length - 64), /tensor \S+ claims .* file ends/],
    [
      "a tensor beyond the end",
      change((f) => f.tensors[3].offset = 2 ** 40),
      /tensor blk\.0\.attn_k\.weight claims .* truncated or damaged/,
    ],
    [
      "10^12 elements",
      change((f) => f.tensors[0].dims = [10n ** 6n, 10n ** 6n]),
      /tensor token_embd\.weight claims 1000000000000 elements/,
    ],
    [
      "a product beyond 64 bits",
      change((f) => f.tensors[0].dims = [2n ** 32n, 2n ** 32n, 2n ** 32n]),
      /claims 79228162514264337593543950336 elements/,
    ],
    ["zero rows", change((f) => f.tensors[0].dims = [8, 0]), /impossible shape \[8, 0\]/],
    [
      "a list of 10^12",
      claiming(whole, "tokenizer.ggml.tokens", 8),
      /damaged or truncated GGUF header: .*1000000000000/,
    ],
    [
      "a text of 10^12 bytes",
      claiming(whole, "tokenizer.ggml.pre", 4),
      /damaged or truncated GGUF header: .*1000000000000/,
    ],
    ["unknown type", change((f) => f.tensors[0].typeNumber = 10), /ggml type 10.*Q4_0.*Q6_K/],
    ["half a block", change((f) => f.tensors[0].typeNumber = 2), /not a multiple of Q4_0's block/],
    ["named twice", change((f) => f.tensors[1].name = f.tensors[0].name), /appears twice/],
    [
      "another architecture",
      change((f) => f.metadata["general.architecture"] = "mamba"),
      /architecture "mamba" is not supported; supported: llama/,
    ],
    [
      "a key missing",
      change((f) => delete f.metadata["llama.block_count"]),
      /llama\.block_count is missing/,
    ],
    [
      "millions of layers",
      change((f) => f.metadata["llama.block_count"] = 1_900_545),
      /num_hidden_layers is 1900545; a whole number from 1 to 4096/,
    ],
    ["a key of another type", change((f) => f.metadata["llama.block_count"] = "x"), /not a number/],
    [
      "another shape",
      change((f) => f.metadata["llama.feed_forward_length"] = 16),
      /shape \[12, 8\].*\[16, 8\]/,
    ],
    [
      "too many layers",
      change((f) => f.metadata["llama.block_count"] = 2),
      /no tensor named blk\.1/,
    ],
    [
      "heads that do not divide",
      change((f) => f.metadata["llama.attention.head_count_kv"] = 3),
      /evenly/,
    ],
    [
      "a tensor that is not used",
      change((f) => f.tensors.push({ name: "blk.0.attn_q.bias", dims: [8] })),
      /1 tensors that a llama model does not use \(blk\.0\.attn_q\.bias\)/,
    ],
    [
      "scaled rotary positions",
      change((f) => f.metadata["llama.rope.scaling.type"] = "yarn"),
      /scaling \(yarn\)/,
    ],
    [
      "another tokenizer",
      change((f) => f.metadata["tokenizer.ggml.model"] = "bert"),
      /tokenizer kind "bert" is not supported; supported: gpt2 .*, llama/,
    ],
    [
      "another pre-tokenizer",
      change((f) => f.metadata["tokenizer.ggml.pre"] = "x"),
      /pre-tokenizer "x"/,
    ],
    [
      "a damaged merge",
      change((f) => f.metadata["tokenizer.ggml.merges"] = ["a b", "a bcd"]),
      /merge "a bcd" does not fit/,
    ],
    [
      "EOS that is no token",
      change((f) => f.metadata["tokenizer.ggml.eos_token_id"] = 260),
      /eos_token_id/,
    ],
  ];
  const before = Deno.memoryUsage().rss;
  for (const [name, bytes, message] of cases) {
    await t.step(name, () =>
      withFile(bytes, async (path) => {
        await assert.rejects(openModel(path), (error: Error) => {
          assert.ok(error instanceof InputError, `${error.name}: ${error.stack}`);
          assert.match(error.message, message);
          assert.ok(!error.message.includes("\n"), "one line");
          return true;
        });
      }));
  }
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 512 * 1024 * 1024, `${grown} bytes for files of ${whole.length}`);
});

Deno.test("a file that shrinks after it was opened is reported, not read as zeros", () =>
  withFile(tinyLlama(), async (path) => {
    const file = await openGguf(path);
    try {
      Deno.truncateSync(path, Deno.statSync(path).size - 64);
      assert.throws(
        () => file.read("output_norm.weight"),
        /before the data that its header promises/,
      );
    } finally {
      file.close();
    }
  }));

/** The file with 10^12 as the length of a value, which is that many bytes after the value's key. */
function claiming(bytes: Uint8Array, key: string, after: number): Uint8Array {
  const out = bytes.slice(), name = new TextEncoder().encode(key);
  const at = out.findIndex((_, i) => name.every((byte, j) => out[i + j] === byte));
  new DataView(out.buffer).setBigUint64(at + name.length + after, 10n ** 12n, true);
  return out;
}

function headerEnd(bytes: Uint8Array): number {
  const name = new TextEncoder().encode("output_norm.weight");
  return bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte)) + 60;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}

async function withFile(content: TinyGguf | Uint8Array, use: (path: string) => Promise<void>) {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "model.gguf");
    Deno.writeFileSync(path, content instanceof Uint8Array ? content : tinyGguf(content));
    await use(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
