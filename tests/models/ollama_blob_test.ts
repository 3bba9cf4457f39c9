import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { openModel } from "@/lib/models/source.ts";
import { tinyGguf, tinyLlama } from "@/tests/models/tiny_gguf.ts";

const MODEL = "application/vnd.ollama.image.model";

Deno.test("ollama:NAME opens the blob that Ollama's manifest names", () =>
  withModels(async (models) => {
    const digest = blob(models, tinyGguf(tinyLlama()));
    const layers = [
      { mediaType: "application/vnd.ollama.image.license", digest: `sha256:${"0".repeat(64)}` },
      { mediaType: MODEL, digest: `sha256:${digest}` },
    ];
    manifest(models, "registry.ollama.ai/library/tiny/latest", { layers });
    manifest(models, "registry.ollama.ai/someone/tiny/v2", { layers });
    manifest(models, "example.com/team/tiny/v3", { layers });
    for (
      const name of [
        "tiny",
        "tiny:latest",
        "library/tiny",
        "someone/tiny:v2",
        "example.com/team/tiny:v3",
      ]
    ) {
      const model = await openModel(`ollama:${name}`);
      assert.equal(model.name, `ollama:${name}`);
      assert.equal(model.digest, digest);
      assert.equal(model.format, "gguf");
      model.close();
    }
  }));

Deno.test("what Ollama does not hold as one GGUF file is refused in one sentence", async (t) => {
  const layer = (mediaType: string, digest = `sha256:${"a".repeat(64)}`) => ({ mediaType, digest });
  const cases: [string, string, RegExp, ((models: string) => void)?][] = [
    [
      "nothing there",
      "tiny",
      /Ollama holds no model tiny \(tag latest\) in .*; it holds none there\. .*`ollama pull tiny`, or set OLLAMA_MODELS/,
    ],
    [
      "another tag",
      "tiny:v2",
      /holds no model tiny:v2 \(tag v2\).*it holds ollama:tiny:latest/,
      (models) => manifest(models, "registry.ollama.ai/library/tiny/latest", { layers: [] }),
    ],
    ["no name", "", /no name of an Ollama model/],
    ["a path", "../../../etc/passwd", /no name of an Ollama model/],
    ["a place above", "..:latest", /no name of an Ollama model/],
    [
      "a damaged manifest",
      "m",
      /no manifest of Ollama's; pull the model again/,
      (models) => manifest(models, "registry.ollama.ai/library/m/latest", "{"),
    ],
    [
      "no weights",
      "m",
      /weights in one file/,
      (models) => manifest(models, "registry.ollama.ai/library/m/latest", { layers: [] }),
    ],
    [
      "a digest that leads elsewhere",
      "m",
      /weights in one file/,
      (models) =>
        manifest(models, "registry.ollama.ai/library/m/latest", {
          layers: [layer(MODEL, "sha256:../x")],
        }),
    ],
    [
      "an adapter",
      "m",
      /a base with an adapter.*name the base/,
      (models) =>
        manifest(models, "registry.ollama.ai/library/m/latest", {
          layers: [layer(MODEL), layer("application/vnd.ollama.image.adapter")],
        }),
    ],
    [
      "a blob that is gone",
      "m",
      /Ollama lacks .*sha256-aaaa.* of m; pull it again/,
      (models) =>
        manifest(models, "registry.ollama.ai/library/m/latest", { layers: [layer(MODEL)] }),
    ],
    [
      "a blob that is no GGUF",
      "m",
      /not a GGUF file/,
      (models) => {
        const digest = blob(models, new TextEncoder().encode("a text of more than 24 bytes"));
        manifest(models, "registry.ollama.ai/library/m/latest", {
          layers: [layer(MODEL, `sha256:${digest}`)],
        });
      },
    ],
  ];
  for (const [what, name, message, prepare] of cases) {
    await t.step(what, () =>
      withModels(async (models) => {
        prepare?.(models);
        await assert.rejects(openModel(`ollama:${name}`), (error: Error) => {
          assert.ok(error instanceof InputError, error.stack);
          assert.match(error.message, message);
          return true;
        });
      }));
  }
});

function blob(models: string, bytes: Uint8Array): string {
  const digest = createHash("sha256").update(bytes).digest("hex");
  Deno.mkdirSync(join(models, "blobs"), { recursive: true });
  Deno.writeFileSync(join(models, "blobs", `sha256-${digest}`), bytes);
  return digest;
}

function manifest(models: string, place: string, content: unknown): void {
  const path = join(models, "manifests", ...place.split("/"));
  Deno.mkdirSync(join(path, ".."), { recursive: true });
  Deno.writeTextFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

async function withModels(use: (models: string) => Promise<void>) {
  const models = Deno.makeTempDirSync(), before = Deno.env.get("OLLAMA_MODELS");
  Deno.env.set("OLLAMA_MODELS", models);
  try {
    await use(models);
  } finally {
    if (before === undefined) Deno.env.delete("OLLAMA_MODELS");
    else Deno.env.set("OLLAMA_MODELS", before);
    Deno.removeSync(models, { recursive: true });
  }
}
