import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { InputError } from "@/lib/errors.ts";
import { exportModel, type ExportOptions } from "@/lib/export/export-model.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { TOKEN } from "@/tests/hub/hub-server.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";
import { tinyGguf, tinyLlama } from "@/tests/models/tiny_gguf.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

const token = { HF_TOKEN: TOKEN };

Deno.test(
  "the task pushes a model, which opens from the hub equal in every bit",
  withHub(async ({ server, folder }) => {
    const gguf = join(folder, "tiny.gguf");
    Deno.writeFileSync(gguf, tinyGguf(tinyLlama()));
    server.put("models/team/tiny", {
      "model.safetensors.index.json": "{}",
      "model-00001-of-00001.safetensors": "of an earlier model",
      "picture.png": "theirs",
    }, { private: true });
    const push = () =>
      task(`model.name_or_path=${gguf}`, "format=hub", "out=team/tiny", "license=mit");
    const first = await push();
    const { oid, title, files } = server.repos.get("models/team/tiny")!.commits.at(-1)!;
    assert.deepEqual(first, {
      format: "hub",
      out: `${server.url}/team/tiny`,
      commit: oid,
      unchanged: false,
    });
    assert.equal(title, "Export from codepref");
    assert.deepEqual([...files.keys()].sort(), [
      ...[".gitattributes", "README.md", "config.json", "generation_config.json"],
      ...["model.safetensors", "picture.png", "tokenizer.json", "tokenizer_config.json"],
    ]);
    const card = server.texts("models/team/tiny")["README.md"];
    const front = parse(/^---\n([\s\S]+?)---/.exec(card)![1]);
    assert.deepEqual([front.license, front.base_model], ["mit", undefined]);
    assert.ok(!card.includes(folder), "no paths of this machine");
    const found = await openModel("team/tiny"), wanted = await openModel(gguf);
    await sameModel(found, wanted);
    assert.equal(found.hub!.revision, oid);
    [found, wanted].forEach((source) => source.close());

    assert.deepEqual(await push(), { ...first, unchanged: true });
    assert.equal(server.repos.get("models/team/tiny")!.commits.at(-1)!.oid, oid);
  }, token),
);

Deno.test(
  "what the hub would refuse is refused before the model is opened",
  withHub(async ({ server, folder }) => {
    const refused = (message: RegExp, options: Partial<ExportOptions> = {}) =>
      assert.rejects(
        exported({ model: "nowhere", out: "team/tiny", ...options }),
        (error: Error) => {
          assert.ok(error instanceof InputError, error.stack);
          assert.match(error.message, message);
          return true;
        },
      );
    await refused(/a push needs a token that may write/);
    const environment = { HF_ENDPOINT: server.url, HF_HOME: folder, ...token };
    await withEnvironment(environment, async () => {
      await refused(/team\/tiny\/x cannot be the name of a repository/, { out: "team/tiny/x" });
      server.put("models/team/tiny", {});
      await refused(/all can see it; say private=false/);
      await refused(/there is no model at nowhere/, { private: false });
    });
    assert.equal(server.repos.get("models/team/tiny")!.commits.length, 2);
  }),
);

Deno.test(
  "a run that began with a model of the hub names its commit, and so does what is exported of it",
  withHub(async ({ server, folder }) => {
    const tiny = join(folder, "tiny"), run = join(folder, "run");
    await saveTinyModel(tiny);
    const commit = server.put("models/team/base", {
      ...Object.fromEntries(
        [...Deno.readDirSync(tiny)].map(({ name }) => [name, Deno.readFileSync(join(tiny, name))]),
      ),
      "README.md": "---\nlicense: apache-2.0\n---\n",
    });
    const { code, stderr } = await trainProcess({
      ...tinyRun(folder),
      ...{ model: "team/base", "model.revision": commit.slice(0, 7), "lora.r": 2 },
      ...{ n_examples: 4, save_every: 4, do_first_eval: false, local_run_dir: run },
    });
    assert.notEqual(code, 0);
    assert.match(stderr, /the model team\/base has no revision/);
    const trained = await trainProcess({
      ...tinyRun(folder),
      ...{ model: "team/base", "model.revision": "main", "lora.r": 2 },
      ...{ n_examples: 4, save_every: 4, do_first_eval: false, local_run_dir: run },
    });
    assert.equal(trained.code, 0, trained.stderr);
    const { model } = JSON.parse(Deno.readTextFileSync(join(run, "config.json")));
    assert.deepEqual([model.name, model.revision], ["team/base", commit]);

    // The base moves on, and the run's is still the one it began with.
    server.put("models/team/base", { "config.json": "{}" });
    await exported({ run, format: "hub", out: "team/adapter", lora: "adapter" });
    const { "adapter_config.json": config, "README.md": card } = server.texts(
      "models/team/adapter",
    );
    const { base_model_name_or_path: base, revision, r } = JSON.parse(config);
    assert.deepEqual([base, revision, r], ["team/base", commit, 2]);
    const front = /^---\n([\s\S]+?)---/.exec(card)!;
    assert.deepEqual(
      Object.entries(parse(front[1])).slice(0, 4),
      Object.entries({
        license: "apache-2.0",
        base_model: "team/base",
        base_model_relation: "adapter",
        library_name: "peft",
      }),
    );
    assert.match(card, new RegExp(`Base model: team/base \\(revision \`${commit}\`, SHA-256 `));

    await exported({ run, format: "hub", out: "team/merged" });
    const pushed = await openModel("team/merged");
    const policy = await openModel(join(run, "LATEST", "policy"));
    await sameModel(pushed, policy);
    [pushed, policy].forEach((source) => source.close());
    assert.match(server.texts("models/team/merged")["README.md"], /base_model: team\/base\n/);
  }, token),
);

async function exported(options: Partial<ExportOptions>): Promise<void> {
  await exportModel({
    format: "hub",
    out: "team/tiny",
    type: "f16",
    lora: "merged",
    host: "http://127.0.0.1:1",
    private: true,
    log: () => {},
    ...options,
  });
}

/** `deno task export` as users run it; what it prints as JSON. */
async function task(...settings: string[]): Promise<unknown> {
  const entry = fromFileUrl(new URL("../../lib/cli/export.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", entry, ...settings, "json=true"],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, said);
  assert.ok(!(out + said).includes(TOKEN), "the token is not shown");
  return JSON.parse(out);
}

async function sameModel(found: ModelSource, wanted: ModelSource): Promise<void> {
  assert.deepEqual(found.config, wanted.config);
  assert.deepEqual(found.tensorNames, wanted.tensorNames);
  for (const name of wanted.tensorNames) {
    assert.deepEqual(await found.read(name), await wanted.read(name), name);
  }
}
