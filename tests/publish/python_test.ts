import assert from "node:assert/strict";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { CONFIGS } from "@/lib/publish/tables.ts";
import { pythonPath } from "@/lib/setup/paths.ts";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";

const SCRIPT = `
import json, sys
import datasets
from huggingface_hub import DatasetCard
folder = sys.argv[1]
card = DatasetCard.load(folder + "/README.md")
again = DatasetCard(str(card))
assert again.data.to_dict() == card.data.to_dict() and again.text == card.text
def config(*name):
  loaded = datasets.load_dataset(folder, *name)
  return {
    "rows": {split: len(rows) for split, rows in loaded.items()},
    "features": {name: feature.dtype for name, feature in loaded["train"].features.items()},
    "first": loaded["train"][0],
    "bytes": {split: rows.data.nbytes for split, rows in loaded.items()},
  }
print(json.dumps({
  "default": config(),
  "configs": {entry["config_name"]: config(entry["config_name"]) for entry in card.data.configs},
  "told": {
    entry["config_name"]: {
      "rows": {split["name"]: split["num_examples"] for split in entry["splits"]},
      "bytes": {split["name"]: split["num_bytes"] for split in entry["splits"]},
      "features": {feature["name"]: feature["dtype"] for feature in entry["features"]},
    } for entry in card.data.to_dict()["dataset_info"]
  },
  "license": card.data.license,
}))
`;

async function load(folder: string, home: string) {
  const { success, stdout, stderr } = await new Deno.Command(pythonPath(), {
    args: ["-c", SCRIPT, folder],
    env: { HF_HOME: home, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.ok(success, said);
  assert.doesNotMatch(said, /dataset_info/, "nothing of the card is ignored");
  return JSON.parse(new TextDecoder().decode(stdout));
}

for (const kind of ["parquet", "jsonl", "csv"] as const) {
  Deno.test(`Python's datasets.load_dataset reads a published folder of ${kind} unchanged`, () =>
    withDatabase(async ({ folder, db }) => {
      await labeledDatabase(db, 40);
      const out = `${folder}/out`;
      const { train, test } = await publishFolder(db, out, { testFraction: 0.25, kind });
      const { default: whole, configs, told, license } = await load(out, `${folder}/hf`);
      assert.deepEqual(Object.keys(configs), ["default", "original"]);
      assert.deepEqual(whole, configs.default);
      for (const [name, columns] of Object.entries(CONFIGS)) {
        assert.deepEqual(configs[name].rows, { train, test });
        assert.deepEqual(
          configs[name].features,
          Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type])),
        );
        const { rows, features, bytes } = configs[name];
        assert.deepEqual([told[name].rows, told[name].features], [rows, features]);
        for (const [split, n] of Object.entries<number>(bytes)) {
          const columns = Object.keys(features).length;
          // Arrow has one end of a text more than there are texts.
          assert.ok(Math.abs(told[name].bytes[split] - n) <= 8 * columns, `${split}: ${n} bytes`);
        }
      }
      assert.match(whole.first.chosen, /^```python\n[^]*\n```$/);
      assert.match(configs.original.first.preference, /^version[12]$/);
      assert.equal(license, "mit");
    }));
}

Deno.test("without a test split, Python's datasets find none", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 12);
    const { train } = await publishFolder(db, `${folder}/out`, { testFraction: 0 });
    const { configs } = await load(`${folder}/out`, `${folder}/hf`);
    assert.deepEqual(configs.default.rows, { train });
  }));
