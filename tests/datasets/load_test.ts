/** Several datasets, weights, and what is kept on the disk. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { batches } from "@/lib/datasets/batches.ts";
import { parseDatasetName } from "@/lib/datasets/dataset-name.ts";
import { type LoadOptions, openDatasets, readExamples, sourceLine } from "@/lib/datasets/load.ts";
import { InputError } from "@/lib/errors.ts";
import { byteTokenizer } from "./byte-tokenizer.ts";
import { jsonl, readAll, withFiles } from "./files.ts";

const rows = (name: string, n: number) =>
  Array.from({ length: n }, (_, i) => ({
    prompt: `${name}${i}`,
    chosen: `good ${i}`,
    rejected: `bad ${i}`,
  }));
const ALL: LoadOptions = { testFraction: 0 };

Deno.test("a dataset's name has a revision, options and a weight", () => {
  const parse = (written: string) => {
    const { weight, ...asked } = parseDatasetName(written);
    return [asked, weight];
  };
  assert.deepEqual(parse("hh"), [{ name: "hh" }, 1]);
  assert.deepEqual(parse("hh:0.5"), [{ name: "hh" }, 0.5]);
  assert.deepEqual(parse("NS/N.ame@refs/convert/parquet:2"), [
    { name: "NS/N.ame", revision: "refs/convert/parquet" },
    2,
  ]);
  assert.deepEqual(parse("a/b@v1+config=c+train=train_prefs+test=test_prefs:3"), [
    { name: "a/b", revision: "v1", config: "c", train: "train_prefs", test: "test_prefs" },
    3,
  ]);
  assert.deepEqual(parse("/home/me@there/c++/x.jsonl"), [
    { name: "/home/me@there/c++/x.jsonl" },
    1,
  ]);
  assert.deepEqual(parse("hh+path=/data/a@b"), [{ name: "hh", path: "/data/a@b" }, 1]);
  const refused = (written: string, message: RegExp) =>
    assert.throws(
      () => parseDatasetName(written),
      (error) => error instanceof InputError && message.test(error.message),
    );
  for (const weight of ["0", "-1", "x", "", "Infinity"]) refused(`hh:${weight}`, /number above 0/);
  refused("hh+split=train", /no option \+split=; there are \+path=, \+config=/);
});

Deno.test("a weight says how often an epoch has each training prompt", () =>
  withFiles(
    { "a.jsonl": jsonl(rows("a", 400)), "b.jsonl": jsonl(rows("b", 3)) },
    async (folder) => {
      const read = async (a: string, options = ALL) => {
        const open = await openDatasets([`${folder}/a.jsonl${a}`, `${folder}/b.jsonl:2`], options);
        const { examples, sources } = await readExamples(open, "train");
        const prompts = [...examples].map(({ prompt }) => prompt);
        assert.deepEqual(prompts, prompts.map((_, i) => examples.at(i)!.prompt));
        assert.equal(examples.at(prompts.length), undefined);
        assert.deepEqual(sources.map(({ pairs }) => pairs), [prompts.length - 6, 6]);
        return prompts;
      };
      const whole = await read(""), half = await read(":0.5"), more = await read(":1.5");
      assert.deepEqual(whole.slice(400), ["b0", "b1", "b2", "b0", "b1", "b2"]);
      assert.ok(half.length > 150 && half.length < 250, String(half.length));
      assert.equal(new Set(half).size, half.length - 3);
      assert.deepEqual(more, [...whole.slice(0, 400), ...half]);
      // The same prompts, whatever else is there and wherever they are kept.
      assert.deepEqual(
        await read(":0.5", { ...ALL, inMemory: 0, cacheFolder: `${folder}/c` }),
        half,
      );
      const test = await readAll(`${folder}/a.jsonl:0.01`, "test", { testFraction: 0.5 });
      assert.ok(test.examples.length > 150);
    },
  ));

Deno.test("examples on the disk give the batches of those in memory", () =>
  withFiles(
    { "a.jsonl": jsonl([...rows("ünï 🌱 ", 60), ...rows("ünï 🌱 ", 20)]) },
    async (folder) => {
      const path = `${folder}/a.jsonl`, cacheFolder = `${folder}/cache`;
      const files = () => [...Deno.readDirSync(cacheFolder)].map(({ name }) => name);
      const open = async (options: LoadOptions) =>
        await readExamples(await openDatasets([path], { ...ALL, ...options }), "train");
      const inMemory = await open({ cacheFolder });
      assert.throws(files, Deno.errors.NotFound);
      const onDisk = await open({ cacheFolder, inMemory: 0 });
      assert.equal(files().length, 1);
      assert.deepEqual(onDisk.sources, inMemory.sources);
      assert.equal(onDisk.examples.pairCount, 80);
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.boolean(), async (seed, sftMode) => {
          const options = { batchSize: 7, maxLength: 60, maxPromptLength: 30, nEpochs: 2 };
          const drawn = ({ examples }: typeof onDisk) =>
            Array.fromAsync(batches(examples, byteTokenizer, { ...options, seed, sftMode }));
          assert.deepEqual(await drawn(onDisk), await drawn(inMemory));
        }),
        { numRuns: 5 },
      );
      // What is there is read, unless it is damaged; a change of the data or of what is asked makes another.
      const file = `${cacheFolder}/${files()[0]}`, written = Deno.statSync(file).ino;
      await open({ cacheFolder, inMemory: 0 });
      assert.equal(Deno.statSync(file).ino, written);
      await Deno.writeTextFile(file, "damaged");
      assert.equal((await open({ cacheFolder, inMemory: 0 })).examples.length, 60);
      assert.notEqual(Deno.statSync(file).ino, written);
      await Deno.writeTextFile(path, jsonl(rows("b", 2)));
      assert.equal((await open({ cacheFolder, inMemory: 0 })).examples.length, 2);
      await open({ cacheFolder, inMemory: 0, testFraction: 0.4 });
      assert.equal(files().length, 3);
    },
  ));

Deno.test("an interrupted write leaves nothing that would be read", () =>
  withFiles({ "a.jsonl": jsonl(rows("a", 3)) + "{broken" }, async (folder) => {
    const options = { ...ALL, cacheFolder: `${folder}/cache`, inMemory: 0 };
    await assert.rejects(readAll(`${folder}/a.jsonl`, "train", options), /line 4 is not JSON/);
    await Deno.mkdir(`${folder}/cache`, { recursive: true });
    assert.deepEqual([...Deno.readDirSync(`${folder}/cache`)], []);
  }));

Deno.test("a run goes on with the data it was begun with", () =>
  withFiles({ "a.jsonl": jsonl(rows("a", 3)) }, async (folder) => {
    const path = `${folder}/a.jsonl`, { source } = await readAll(path, "train", ALL);
    assert.equal((await readAll(path, "train", { ...ALL, begun: [source] })).examples.length, 3);
    await Deno.writeTextFile(path, jsonl(rows("a", 4)));
    await assert.rejects(
      readAll(path, "train", { ...ALL, begun: [source] }),
      (error) =>
        error instanceof InputError && /begun with other data: .*a\.jsonl/.test(error.message),
    );
  }));

Deno.test("what was read and left out is told", () =>
  withFiles(
    { "data/a.jsonl": jsonl([...rows("a", 30), { chosen: "x", rejected: "y" }]) },
    async (folder) => {
      const { source } = await readAll(`${folder}+train=data`, "train", ALL);
      assert.equal(
        sourceLine("train", source),
        `${folder}+train=data, train: 30 pairs of 30 prompts; left out: 1 chosen and rejected with no common prompt`,
      );
    },
  ));

Deno.test("a folder without names of splits is a training split, and the prompt decides what is held out", () =>
  withFiles(
    { "x.jsonl": jsonl(rows("a", 40)), "sub/y.jsonl": jsonl(rows("b", 40)) },
    async (folder) => {
      const read = async (split: "train" | "test") =>
        (await readAll(folder, split, { testFraction: 0.3 })).examples.map(({ prompt }) => prompt);
      const train = await read("train"), test = await read("test");
      assert.equal(new Set([...train, ...test]).size, 80);
      assert.ok(test.length > 10 && test.length < 40);
    },
  ));

Deno.test("a card's configs name files by patterns, folders or at once", () => {
  const card = `---
configs:
- { config_name: flat, data_files: "one/*.jsonl" }
- { config_name: deep, data_files: [{ split: train, path: "**/*.jsonl" }, { split: test, path: two/deeper/x.jsonl }] }
- { config_name: dir, data_dir: two, default: true }
---
`;
  const one = jsonl(rows("a", 1)), two = jsonl(rows("b", 1)), three = jsonl(rows("c", 1));
  return withFiles({
    "README.md": card,
    "one/x.jsonl": one,
    "two/train.jsonl": two,
    "two/deeper/x.jsonl": three,
  }, async (folder) => {
    const prompts = async (config: string) =>
      (await readAll(folder + config, "train", ALL)).examples.map(({ prompt }) => prompt);
    assert.deepEqual(await prompts("+config=flat"), ["a0"]);
    assert.deepEqual(await prompts("+config=deep"), ["a0", "c0", "b0"]);
    assert.deepEqual(await prompts(""), ["b0"]);
    await assert.rejects(
      prompts("+config=other"),
      /no config other; its card names flat, deep, dir/,
    );
  });
});
