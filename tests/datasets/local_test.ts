import assert from "node:assert/strict";
import { InputError } from "@/lib/errors.ts";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import {
  loadExamples,
  type LoadOptions,
  loadPreferenceData,
  openDataset,
} from "@/lib/datasets/load.ts";
import type { Split } from "@/lib/datasets/folder.ts";
import { withStore } from "@/lib/store/store.ts";
import { withEnvironment } from "@/tests/hub/with-hub.ts";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";

const refused = (work: Promise<unknown>, pattern: RegExp) =>
  assert.rejects(work, (error) => error instanceof InputError && pattern.test(error.message));

const loadDataset = async (name: string, split: Split, options: LoadOptions = {}) =>
  await (await openDataset(name, options)).read(split);

const jsonl = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const row = (prompt: string, n = 0) => ({ prompt, chosen: `good ${n}`, rejected: `bad ${n}` });

Deno.test("a JSONL file: pairs grouped by prompt, SFT learns the last chosen text", () =>
  withDatabase(async ({ folder }) => {
    const path = `${folder}/pairs.jsonl`;
    await Deno.writeTextFile(
      path,
      jsonl([row("p\u2028q"), row("other", 1), row("p\u2028q", 2)]) + "\n\n",
    );
    const data = await loadPreferenceData(path, "train", { testFraction: 0 });
    assert.deepEqual([...data], [
      ["p\u2028q", {
        responses: ["good 0", "bad 0", "good 2", "bad 2"],
        pairs: [[0, 1], [2, 3]],
        sft_target: "good 2",
      }],
      ["other", { responses: ["good 1", "bad 1"], pairs: [[0, 1]], sft_target: "good 1" }],
    ]);
  }));

Deno.test("without a test split, prompts are split by their hash", () =>
  withDatabase(async ({ folder }) => {
    const path = `${folder}/pairs.jsonl`;
    await Deno.writeTextFile(path, jsonl(Array.from({ length: 200 }, (_, i) => row(`p${i}`, i))));
    const keys = async (
      split: "train" | "test",
    ) => [...(await loadPreferenceData(path, split, { testFraction: 0.25 })).keys()];
    const train = await keys("train"), test = await keys("test");
    assert.equal(train.length + test.length, 200);
    assert.equal(new Set([...train, ...test]).size, 200);
    assert.ok(test.length > 25 && test.length < 75, String(test.length));
    await Deno.writeTextFile(path, "\n" + jsonl([row("new")]), { append: true });
    const old = (prompts: string[]) => prompts.filter((prompt) => prompt !== "new");
    assert.deepEqual(old(await keys("test")), test);
  }));

Deno.test("a published folder is read by path, and by name as lc", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 40);
    const published = await publishFolder(db, `${folder}/out`, { testFraction: 0.3 });
    for (const name of ["lc", `${folder}/out`, `${folder}/out/data/train-00000-of-00001.parquet`]) {
      const { source } = await loadDataset(name, "train", { db, testFraction: 0 });
      assert.equal(source.pairs, published.train);
      assert.deepEqual(source.labelerKinds, { human: published.train });
      if (!name.endsWith("parquet")) {
        assert.deepEqual([source.path, source.digest], [published.path, published.digest]);
      }
    }
    const test = await loadPreferenceData("lc", "test", { db });
    assert.equal(test.size, published.test);
    const { examples, sources } = await loadExamples(["lc", `${folder}/out`], "test", { db });
    assert.equal(examples.length, 2 * published.test);
    assert.deepEqual(sources.map((s) => s.name), ["lc", `${folder}/out`]);
  }));

Deno.test("lc without a usable revision names the task that makes one", () =>
  withDatabase(async ({ folder, db }) => {
    await withEnvironment({ HF_HOME: folder, HF_HUB_OFFLINE: "1" }, async () => {
      const nothing =
        /Nothing was published from .*deno task publish db=.*leetcode_preference.* cannot be had/;
      await refused(loadDataset("lc", "train", { db }), nothing);
      await withStore(db, () => Promise.resolve());
      await refused(loadDataset("lc", "train", { db }), nothing);
    });
    await labeledDatabase(db, 5);
    await publishFolder(db, `${folder}/out`);
    await Deno.copyFile(
      `${folder}/out/data/train-00000-of-00001.parquet`,
      `${folder}/out/data/train-00001-of-00001.parquet`,
    );
    await refused(loadDataset("lc", "train", { db }), /not as it was published/);
    await Deno.remove(`${folder}/out`, { recursive: true });
    await refused(loadDataset("lc", "train", { db }), /no longer at/);
  }));

Deno.test("data that cannot be read is refused with the place and what was expected", () =>
  withDatabase(async ({ folder }) => {
    const write = async (name: string, text: string) => {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      return loadDataset(`${folder}/${name}`, "train");
    };
    await refused(
      write("a.jsonl", jsonl([row("p"), { question: "q", chosen: "c" }])),
      /a\.jsonl line 2: lacks prompt, rejected: expected columns prompt, chosen, rejected, found question, chosen/,
    );
    await refused(write("b.jsonl", '{"prompt": '), /b\.jsonl line 1 is not JSON/);
    await refused(write("c.jsonl", "[1]"), /line 1 has to be a JSON object/);
    await refused(
      write("d.jsonl", jsonl([{ ...row("p"), chosen: [{ role: "user" }] }])),
      /line 1: chosen has to be text or messages with role and content as text, found role a string, content nothing/,
    );
    await refused(
      write("d.jsonl", jsonl([{ ...row("p"), chosen: 3 }])),
      /line 1: chosen has to be text, found a number/,
    );
    await refused(write("e.parquet", "no parquet"), /e\.parquet cannot be read as Parquet/);
    await refused(write("f.txt", "prompt"), /f\.txt is no dataset that can be read here/);
    await Deno.mkdir(`${folder}/nothing`);
    await refused(loadDataset(`${folder}/nothing`, "train"), /holds no dataset/);
    await refused(loadDataset("lcc", "train"), /no dataset lcc.*registered names \(lc, hh, shp/);
    await refused(loadExamples([], "train"), /datasets=\[lc\]/);
  }));

Deno.test("a folder says in its card where the splits are, or by file names", () =>
  withDatabase(async ({ folder }) => {
    await Deno.writeTextFile(`${folder}/train.jsonl`, jsonl([row("a")]));
    await Deno.writeTextFile(`${folder}/test.jsonl`, jsonl([row("b")]));
    await Deno.writeTextFile(`${folder}/extra.jsonl`, jsonl([row("c")]));
    const keys = async (
      split: "train" | "test",
    ) => [...(await loadPreferenceData(folder, split)).keys()];
    assert.deepEqual([await keys("train"), await keys("test")], [["a"], ["b"]]);
    await Deno.writeTextFile(
      `${folder}/README.md`,
      `---
configs:
- config_name: other
  data_files: [{ split: train, path: nowhere.jsonl }]
- config_name: main
  default: true
  data_files: [{ split: train, path: [train.jsonl, ex*.jsonl] }, { split: test, path: test.jsonl }]
---
`,
    );
    assert.deepEqual([await keys("train"), await keys("test")], [["c", "a"], ["b"]]);
  }));
