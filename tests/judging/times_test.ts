import assert from "node:assert/strict";
import { join } from "node:path";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { timeFiles } from "@/lib/judging/judge-file.ts";
import { timePairs } from "@/lib/judging/time-pairs.ts";
import { suggestionsAfter } from "@/lib/labels/suggestions.ts";
import { withStore } from "@/lib/store/store.ts";
import { generation, label } from "@/tests/datasets/database.ts";
import { withQuestions } from "./questions.ts";

const SLUG = "contains-duplicate";
const HASHED = `class Solution:
    def contains_duplicate(self, nums):
        return len(set(nums)) < len(nums)
`;
const COMPARED = `class Solution:
    def contains_duplicate(self, nums):
        for i in range(len(nums)):
            for j in range(i):
                if nums[i] == nums[j]:
                    return True
        return False
`;
const WRONG = "class Solution:\n    def contains_duplicate(self, nums):\n        return False\n";

const answer = (id: string, code: string) => generation(id, SLUG, { code, raw_text: code });

function pair(id: string, version1: string, version2: string) {
  return { id, slug: SLUG, version1, version2, kind: "generated" };
}

Deno.test("pairs are timed on inputs of growing size, and what is measured suggests verdicts", async () => {
  await withQuestions(["leetcode"], async (dbPath) => {
    await withStore(dbPath, async (store) => {
      await store.insert("generations", [
        answer("hashed", HASHED),
        answer("compared", COMPARED),
        answer("wrong", WRONG),
      ]);
      await store.insert("pairs", [
        pair("both right", "compared", "hashed"),
        pair("one right", "hashed", "wrong"),
      ]);
      await store.insert("labels", [
        label("both right", "kim", "same", { id: "on both right", side_order: "21" }),
        label("one right", "kim", "same", { id: "on one right" }),
      ]);
    });
    await judgeGenerations(dbPath);
    const report = await timePairs(dbPath);
    assert.deepEqual(report, {
      timed: 1,
      already: 0,
      faster: { version1: 0, version2: 1, same: 0 },
      incomparable: 0,
      failed: [],
    });
    assert.equal((await timePairs(dbPath)).already, 1);
    await withStore(dbPath, async (store) => {
      const stored = await store.row<{ ratio: number; low: number; growth: string }>(
        "SELECT ratio, low, growth FROM timings",
      );
      assert.ok(stored!.ratio > 5 && stored!.low > 2, JSON.stringify(stored));
      assert.ok(JSON.parse(stored!.growth).length > 2, "the input grew");

      // Version 1, the slow one, was on the right.
      const both = await suggestionsAfter(store, "on both right");
      assert.equal(both!.correctness.verdict, "same");
      assert.equal(both!.performance.verdict, "a");
      assert.match(both!.performance.reason, /^b takes [\d.]+ times as long as a/);
      assert.equal(both!.readability.verdict, "a");
      assert.match(both!.readability.reason, /complexity 4 and 1/);

      const one = await suggestionsAfter(store, "on one right");
      assert.equal(one!.correctness.verdict, "a");
      assert.match(one!.correctness.reason, /^a passes all tests, b \d+ of \d+ tests \(wrong\)$/);
      assert.equal(one!.performance.verdict, null);
      assert.equal(await suggestionsAfter(store, "no label"), null);
    });
    await ofFiles(dbPath);
  });
});

async function ofFiles(dbPath: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = async (name: string, code: string) => {
      await Deno.writeTextFile(join(folder, name), code);
      return join(folder, name);
    };
    const hashed = await file("hashed.py", HASHED);
    const again = await file("again.py", HASHED);
    const wrong = await file("wrong.py", WRONG);
    const same = await timeFiles(dbPath, "contains-duplicate", hashed, again);
    assert.equal(same.faster, null, JSON.stringify(same));
    await assert.rejects(
      timeFiles(dbPath, "contains-duplicate", hashed, wrong),
      /wrong\.py does not pass the tests of contains-duplicate \(wrong\)/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
