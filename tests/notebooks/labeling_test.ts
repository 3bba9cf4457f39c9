import assert from "node:assert/strict";
import { labelHere } from "@/lib/notebooks/labeling.ts";
import { withStore } from "@/lib/store/store.ts";
import { withFolder } from "./fixture.ts";

const generation = (id: string) => ({
  id,
  request_key: id,
  variant: 0,
  slug: "q",
  prompt: "",
  options: {},
  model: "m",
  model_digest: "d",
  provider: "embedded",
  raw_text: "",
  code: `code of ${id}`,
  status: "ok",
  done_reason: "stop",
  prompt_tokens: 1,
  completion_tokens: 1,
  milliseconds: 1,
});

async function pairsFor(db: string): Promise<void> {
  await withStore(db, async (store) => {
    await store.insert("questions", [{
      slug: "q",
      number: 1,
      title: "Q",
      difficulty: "easy",
      topics: [],
      description: "",
      examples: [],
      constraints: "",
      entry_point: "f",
      starter_code: "def f(): ...",
      source: "own",
      source_version: "1",
      licence: "MIT",
      redistributable: true,
      split: "train",
    }]);
    await store.insert("generations", ["g1", "g2", "g3", "g4"].map(generation));
    await store.insert("pairs", [
      { id: "p1", slug: "q", version1: "g1", version2: "g2", kind: "generated" },
      { id: "p2", slug: "q", version1: "g3", version2: "g4", kind: "generated" },
    ]);
  });
}

Deno.test("answers in the notebook become labels on the version that was meant", async () => {
  await withFolder(async (folder) => {
    const db = `${folder}/l.duckdb`;
    await pairsFor(db);
    const shown: string[] = [];
    const answers = ["1", "no idea"];
    const given = await labelHere(db, "ada", 5, {
      show: (text) => (shown.push(text), Promise.resolve()),
      ask: () => answers.shift() ?? null,
    });
    assert.deepEqual(given, { labeled: 1, skipped: 1, nobody: false });
    const [label] = await withStore(db, (store) =>
      store.rows<{ version: string }>(`
        SELECT if(l.preference = 'version1', p.version1, p.version2) AS version
        FROM labels l JOIN pairs p ON p.id = l.pair
        WHERE l.action = 'label' AND l.labeler = 'ada' AND l.labeler_kind = 'human'`));
    const first = shown[0].match(/# 1\ncode of (\w+)/)![1];
    assert.equal(label.version, first);
  });
});

Deno.test("a run without anybody to ask labels nothing", async () => {
  await withFolder(async (folder) => {
    const db = `${folder}/l.duckdb`;
    await pairsFor(db);
    const given = await labelHere(db, "ada", 5, { show: () => Promise.resolve(), ask: () => null });
    assert.deepEqual(given, { labeled: 0, skipped: 0, nobody: true });
    const count = await withStore(db, (store) => store.row("SELECT count(*) AS n FROM labels"));
    assert.deepEqual(count, { n: 0 });
  });
});
