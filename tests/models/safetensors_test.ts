import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { createSafetensors, openSafetensors, writeSafetensors } from "@/lib/models/safetensors.ts";

Deno.test("what is written is read back, byte for byte", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    const weights = Float32Array.of(1.5, -0, NaN, Infinity, 1e-40, 3e38);
    await writeSafetensors(path, [
      { name: "weights", dtype: "F32", shape: [2, 3], data: () => bytesOf(weights) },
      { name: "empty", dtype: "F32", shape: [0, 4], data: () => new Uint8Array() },
      { name: "scalar", dtype: "I64", shape: [], data: () => bytesOf(BigInt64Array.of(-7n)) },
      {
        name: "brain",
        dtype: "BF16",
        shape: [2],
        data: () => new Uint8Array([0xc0, 0x3f, 0, 0xff]),
      },
      {
        name: "half",
        dtype: "F16",
        shape: [1],
        data: () => Promise.resolve(new Uint8Array([0, 0xc0])),
      },
    ], { format: "pt", made: "here" });
    const file = openSafetensors(path);
    try {
      assert.deepEqual(file.metadata, { format: "pt", made: "here" });
      assert.deepEqual([...file.tensors.keys()], ["weights", "empty", "scalar", "brain", "half"]);
      assert.deepEqual(file.readBytes("weights"), bytesOf(weights));
      assert.deepEqual(bytesOf(file.read("weights")), bytesOf(weights));
      assert.deepEqual(file.tensors.get("weights")!.shape, [2, 3]);
      assert.equal(file.read("empty").length, 0);
      assert.deepEqual(file.readBytes("scalar"), bytesOf(BigInt64Array.of(-7n)));
      assert.deepEqual([...file.read("brain")], [1.5, -(2 ** 127)]);
      assert.deepEqual([...file.read("half")], [-2]);
      assert.throws(() => file.read("scalar"), /tensor scalar is I64; only F32, F16, BF16/);
      assert.throws(() => file.read("other"), /no tensor named other/);
    } finally {
      file.close();
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["x.safetensors"]);
    assert.equal(new DataView(Deno.readFileSync(path).buffer).getUint32(0, true) % 8, 0);
  }));

Deno.test("tensors may be written in any order, and the file is named only when all are there", () =>
  inFolder((folder) => {
    const path = join(folder, "x.safetensors");
    const specs = ["a", "b"].map((name) => ({ name, dtype: "F32", shape: [1] }));
    const writer = createSafetensors(path, specs);
    writer.write("b", bytesOf(Float32Array.of(2)));
    assert.throws(() => writer.finish(), /never written: a/);
    assert.throws(() => writer.write("b", new Uint8Array(4)), /written before/);
    assert.throws(() => writer.write("c", new Uint8Array(4)), /not announced/);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    writer.abandon();
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a tensor of the wrong length leaves no file behind", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    const tensor = { name: "a", dtype: "F32", shape: [2], data: () => new Uint8Array(4) };
    await assert.rejects(writeSafetensors(path, [tensor]), /needs 8 bytes, got 4/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a damaged file is refused in one sentence", async (t) => {
  const entry = (changes: Record<string, unknown>) => ({
    a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16], ...changes },
  });
  const cases: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(), /only 0 bytes/],
    [
      "a huge header",
      withHeader("{}", 16, 10n ** 15n),
      /claims a header of 1000000000000000 bytes/,
    ],
    ["a header that is not JSON", withHeader("{]", 16), /header is not JSON/],
    [
      "a header that is not UTF-8",
      withHeader("\xff\xfe", 16, undefined, "latin1"),
      /header is not JSON/,
    ],
    ["a header that is null", withHeader("null", 16), /not an object/],
    ["cut data", withHeader(JSON.stringify(entry({})), 12), /tensor a ends at byte .* truncated/],
    [
      "10^12 elements",
      withHeader(JSON.stringify(entry({ shape: [1e6, 1e6] })), 16),
      /tensor a of shape \[1000000, 1000000\].*needs 4000000000000 bytes/,
    ],
    [
      "offsets far outside",
      withHeader(JSON.stringify(entry({ shape: [1e6, 1e6], data_offsets: [0, 4e12] })), 16),
      /file ends at byte/,
    ],
    [
      "offsets backwards",
      withHeader(JSON.stringify(entry({ data_offsets: [16, 0] })), 16),
      /spans -16/,
    ],
    ["negative sizes", withHeader(JSON.stringify(entry({ shape: [-2, -2] })), 16), /damaged entry/],
    ["no entry", withHeader('{"a":null}', 16), /damaged entry/],
    [
      "an unknown dtype",
      withHeader(JSON.stringify(entry({ dtype: "Q4" })), 16),
      /unknown dtype Q4/,
    ],
  ];
  for (const [name, bytes, message] of cases) {
    await t.step(name, () =>
      inFolder((folder) => {
        const path = join(folder, "x.safetensors");
        Deno.writeFileSync(path, bytes);
        assert.throws(() => openSafetensors(path), (error: Error) => {
          assert.ok(error instanceof InputError, error.stack);
          assert.match(error.message, message);
          return true;
        });
      }));
  }
});

function withHeader(
  json: string,
  dataBytes: number,
  length?: bigint,
  encoding: "utf8" | "latin1" = "utf8",
) {
  const head = encoding === "utf8"
    ? new TextEncoder().encode(json)
    : Uint8Array.from(json, (character) => character.charCodeAt(0));
  const out = new Uint8Array(8 + head.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(head.length), true);
  out.set(head, 8);
  return out;
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function inFolder(use: (folder: string) => Promise<void> | void) {
  const folder = Deno.makeTempDirSync();
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
