import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { policyOf, savePolicy } from "@/lib/models/export.ts";
import { hubName, hubWords } from "@/lib/models/hub-name.ts";
import { modelConfig } from "@/lib/models/known-configs.ts";
import { MODEL_PRESETS } from "@/lib/models/presets.ts";
import { fetchModel, type ModelSource, openModel } from "@/lib/models/source.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";
import { tinyGguf, tinyLlama } from "@/tests/models/tiny_gguf.ts";

const GGUF = tinyGguf(tinyLlama());

/** The files of a tiny Llama as transformers lays them out. */
async function tinyFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const gguf = join(folder, "tiny.gguf"), saved = join(folder, "saved");
  Deno.writeFileSync(gguf, GGUF);
  await opened(gguf, (source) => savePolicy(saved, policyOf(source)));
  return Object.fromEntries(
    [...Deno.readDirSync(saved)].map(({ name }) => [name, Deno.readFileSync(join(saved, name))]),
  );
}

async function opened<T>(name: string, use: (source: ModelSource) => Promise<T> | T): Promise<T> {
  const source = await openModel(name);
  try {
    return await use(source);
  } finally {
    source.close();
  }
}

async function sameTensors(found: ModelSource, wanted: ModelSource): Promise<void> {
  assert.deepEqual(found.config, wanted.config);
  assert.deepEqual(found.tensorNames, wanted.tensorNames);
  for (const name of wanted.tensorNames) {
    assert.deepEqual(await found.read(name), await wanted.read(name), name);
  }
}

async function refused(name: string, message: RegExp): Promise<void> {
  await assert.rejects(openModel(name), (error: Error) => {
    assert.ok(error instanceof InputError, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("a model of the hub is named as huggingface_hub, llama.cpp and Ollama name it", () => {
  const parts = (word: string) => {
    const { repo, revision, gguf } = hubName(word) ?? {};
    return [repo, revision, gguf];
  };
  assert.deepEqual(parts("Qwen/Qwen2.5-Coder-0.5B"), [
    "Qwen/Qwen2.5-Coder-0.5B",
    "main",
    undefined,
  ]);
  assert.deepEqual(parts("a/b@v1.0"), ["a/b", "v1.0", undefined]);
  assert.deepEqual(parts("a/b@refs/pr/3:Q8_0"), ["a/b", "refs/pr/3", "Q8_0"]);
  assert.deepEqual(parts("hf.co/a/b:sub/m-Q4_K.gguf"), ["a/b", "main", "sub/m-Q4_K.gguf"]);
  assert.deepEqual(parts("https://huggingface.co/a/b"), ["a/b", "main", undefined]);
  for (
    const word of [
      "gpt2",
      "./a/b",
      "/a/b",
      "a/b/c",
      "a/b.gguf",
      "run/policy.pt",
      "a/../b",
      "a/b@",
      "~/a",
    ]
  ) assert.equal(hubName(word), undefined, word);
  for (const word of ["a/b", "a/b@v1", "a/b:Q8_0", "a/b@v1:m.gguf"]) {
    assert.equal(hubWords(hubName(word)!), word);
  }
  for (const { hub } of Object.values(MODEL_PRESETS)) assert.equal(hubName(hub)!.repo, hub);
});

Deno.test(
  "a model of the hub is the one that was pushed, and only what it needs is downloaded",
  withHub(async ({ server, folder }) => {
    const files = await tinyFiles(folder);
    const commit = server.put("models/team/tiny", {
      ...files,
      "pytorch_model.bin": "a pickle",
      "onnx/model.onnx": "another format",
      "tf_model.h5": "another format",
      "README.md": "---\nlicense: mit\n---\n",
    });
    await opened("team/tiny", async (source) => {
      assert.equal(source.name, "team/tiny");
      assert.equal(source.format, "safetensors");
      assert.deepEqual(source.hub, { repo: "team/tiny", revision: commit });
      await opened(join(folder, "saved"), async (local) => {
        await sameTensors(source, local);
        assert.equal(source.digest, local.digest);
        assert.deepEqual(source.tokenizer.encode("ab a 12"), local.tokenizer.encode("ab a 12"));
      });
    });
    assert.deepEqual(server.lines(/resolve.*(pytorch|onnx|h5)/), []);

    const changed = server.put("models/team/tiny", { "README.md": "# Tiny" });
    for (const name of ["team/tiny", "hf.co/team/tiny", `team/tiny@${changed}`]) {
      await opened(name, ({ hub }) => assert.equal(hub!.revision, changed));
    }
    await opened(`team/tiny@${commit}`, ({ hub }) => assert.equal(hub!.revision, commit));
  }),
);

Deno.test(
  "shards that an index names are downloaded, and a preset is its model of the hub",
  withHub(async ({ server, folder }) => {
    const { "model.safetensors": weights, ...files } = await tinyFiles(folder);
    const map = await opened(
      join(folder, "saved"),
      ({ tensorNames }) =>
        Object.fromEntries(tensorNames.map((name) => [name, "model-00001-of-00001.safetensors"])),
    );
    server.put(`models/${MODEL_PRESETS.qwen25coder.hub}`, {
      ...files,
      "model-00001-of-00001.safetensors": weights,
      "model-00001-of-00009.safetensors": "of another set",
      "model.safetensors.index.json": JSON.stringify({ weight_map: map }),
    });
    await opened(
      "qwen25coder",
      (source) => opened(join(folder, "saved"), (local) => sameTensors(source, local)),
    );
    assert.deepEqual(server.lines(/resolve.*00009/), []);
  }),
);

Deno.test(
  "a GGUF file of the hub is named by its file or type",
  withHub(async ({ server, folder }) => {
    const path = join(folder, "tiny.gguf");
    Deno.writeFileSync(path, GGUF);
    server.put("models/team/one", { "README.md": "", "tiny.gguf": GGUF });
    server.put("models/team/many", {
      "tiny-Q8_0.gguf": GGUF,
      "tiny-Q4_K_M.gguf": "other",
      "tiny-Q4_K_S.gguf": "other",
      "f16/tiny-f16.gguf": GGUF,
    });
    for (
      const name of [
        "team/one",
        "team/one:tiny.gguf",
        "team/many:Q8_0",
        "team/many:F16",
        "team/many:f16/tiny-f16.gguf",
      ]
    ) {
      await opened(name, (source) =>
        opened(path, async (local) => {
          assert.equal(source.format, "gguf");
          assert.equal(source.digest, local.digest);
          await sameTensors(source, local);
        }));
    }
    assert.deepEqual(server.lines(/resolve.*Q4_K/), []);
    await refused("team/many", /several GGUF files; name one: .*team\/many:tiny-Q8_0\.gguf/);
    await refused(
      "team/many:Q4_K",
      /no file of team\/many is of type Q4_K; team\/many holds .*tiny-Q8_0/,
    );
    await refused("team/many:x.gguf", /there is no x\.gguf in team\/many/);
  }),
);

Deno.test(
  "a repository that cannot be used is refused before its weights are downloaded",
  withHub(async ({ server, folder }) => {
    const { "model.safetensors": weights, ...files } = await tinyFiles(folder);
    const config = JSON.parse(new TextDecoder().decode(files["config.json"]));
    const cases: [string, Record<string, string | Uint8Array>, RegExp][] = [
      [
        "a pickle alone",
        { ...files, "pytorch_model-00001-of-00002.bin": "x" },
        /a pickle, which runs code of its maker.*spaces\/safetensors\/convert.*team\/m0@refs\/pr\/NUMBER/,
      ],
      [
        "adapters",
        { "adapter_config.json": "{}", "adapter_model.safetensors": "x" },
        /holds adapters/,
      ],
      ["nothing", { "notes.txt": "x" }, /holds no model: neither model\.safetensors, nor/],
      [
        "no tokenizer.json",
        { "config.json": files["config.json"], "model.safetensors": weights },
        /has no tokenizer\.json; make a folder of it once/,
      ],
      [
        "no config.json",
        { "tokenizer.json": "{}", "model.safetensors": weights },
        /has no config\.json/,
      ],
      [
        "another family",
        {
          ...files,
          "config.json": JSON.stringify({ ...config, model_type: "bert", architectures: ["Bert"] }),
          "model.safetensors": weights,
        },
        /bert/i,
      ],
    ];
    for (const [i, [, content, message]] of cases.entries()) {
      server.put(`models/team/m${i}`, content);
      await refused(`team/m${i}`, message);
    }
    assert.deepEqual(server.lines(/resolve.*(safetensors|bin)$/), []);
    await refused(
      "models/none",
      /there is no model at models\/none on this machine, and the hub has no/,
    );
    await refused("hf.co/models/none", /^the hub has no model models\/none/);
    await refused(
      "models/none.gguf",
      /there is no model at models\/none\.gguf; a model is a preset \(/,
    );
  }),
);

Deno.test(
  "a path goes before the hub, which is said where both are there",
  withHub(async ({ server, folder }) => {
    const files = await tinyFiles(folder);
    server.put("models/team/tiny", files);
    const there = Deno.cwd(), said: string[] = [];
    const log = (line: string) => said.push(line);
    try {
      Deno.chdir(folder);
      Deno.mkdirSync("team");
      Deno.renameSync("saved", "team/tiny");
      await fetchModel("team/tiny", { log });
      await opened("team/tiny", ({ hub }) => assert.equal(hub, undefined));
      assert.deepEqual([said, server.seen.length], [[], 0]);
      await fetchModel("hf.co/team/tiny", { log });
      await opened("hf.co/team/tiny", ({ hub }) => assert.equal(hub!.repo, "team/tiny"));
      await fetchModel("team/tiny", { log });
      assert.deepEqual(said, [
        "team/tiny is the one on this machine; say hf.co/team/tiny for the hub's",
      ]);
    } finally {
      Deno.chdir(there);
    }
  }),
);

Deno.test(
  "a plan needs a model's config.json alone, and works from what is there without a hub",
  withHub(async ({ server, folder }) => {
    const commit = server.put("models/team/tiny", await tinyFiles(folder));
    const config = await modelConfig("team/tiny");
    await opened(join(folder, "saved"), (local) => assert.deepEqual(config, local.config));
    assert.deepEqual(server.lines(/resolve|signature/), [
      `GET /team/tiny/resolve/${commit}/config.json`,
    ]);
    const { HF_HOME = "" } = Deno.env.toObject(), seen = server.seen.length;
    await withEnvironment({ HF_HOME, HF_HUB_OFFLINE: "1" }, async () => {
      assert.deepEqual(await modelConfig("team/tiny"), config);
      await refused(
        "team/tiny",
        /lacks .*tokenizer\.json.* of the model team\/tiny; HF_HUB_OFFLINE is set/,
      );
      await assert.rejects(modelConfig("team/none"), /known without one: huggyllama\/llama-7b/);
    });
    assert.equal(server.seen.length, seen);
  }),
);
