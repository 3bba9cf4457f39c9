import assert from "node:assert/strict";
import { publishFolder } from "@/lib/datasets/publish-folder.ts";
import { COLUMNS } from "@/lib/datasets/preferences.ts";
import { pythonPath } from "@/lib/setup/paths.ts";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";

const SCRIPT = `
import json, sys
import datasets
from huggingface_hub import DatasetCard
folder = sys.argv[1]
loaded = datasets.load_dataset(folder)
card = DatasetCard.load(folder + "/README.md")
print(json.dumps({
  "rows": {split: len(rows) for split, rows in loaded.items()},
  "features": {name: feature.dtype for name, feature in loaded["train"].features.items()},
  "first": loaded["train"][0],
  "configs": [config["config_name"] for config in card.data.configs],
  "license": card.data.license,
}))
`;

async function load(folder: string, home: string) {
  const { success, stdout, stderr } = await new Deno.Command(pythonPath(), {
    args: ["-c", SCRIPT, folder],
    env: { HF_HOME: home, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("Python's datasets.load_dataset reads a published folder unchanged", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 40);
    const { train, test } = await publishFolder(db, `${folder}/out`, { testFraction: 0.25 });
    const loaded = await load(`${folder}/out`, `${folder}/hf`);
    assert.deepEqual(loaded.rows, { train, test });
    assert.deepEqual(
      loaded.features,
      Object.fromEntries(Object.entries(COLUMNS).map(([name, { type }]) => [name, type])),
    );
    assert.match(loaded.first.chosen, /^```python\n[^]*\n```$/);
    assert.deepEqual([loaded.configs, loaded.license], [["default"], "mit"]);

    const whole = await publishFolder(db, `${folder}/whole`, { testFraction: 0 });
    assert.deepEqual((await load(`${folder}/whole`, `${folder}/hf`)).rows, { train: whole.train });
  }));
