import assert from "node:assert/strict";
import { labelByTests } from "@/lib/labels/automatic.ts";
import { addSyntheticPairs } from "@/lib/labels/synthetic.ts";
import { withStore } from "@/lib/store/store.ts";
import {
  addPair,
  generation,
  judgement,
  question,
  withDatabase,
} from "@/tests/datasets/database.ts";

Deno.test("tests decide on pairs whose verdicts differ, and say why they do not on others", () =>
  withDatabase(({ db }) =>
    withStore(db, async (store) => {
      await store.insert("questions", [question("q")]);
      const verdicts: Record<string, [string?, string?]> = {
        first: ["pass", "wrong"],
        second: ["timeout", "pass"],
        both: ["pass", "pass"],
        neither: ["wrong", "error"],
        unjudged: ["pass", undefined],
      };
      for (const [pair, sides] of Object.entries(verdicts)) {
        await addPair(store, pair, "q");
        for (const [i, verdict] of sides.entries()) {
          if (verdict) await store.insert("judgements", [judgement(`${pair}-${i + 1}`, verdict)]);
        }
      }
      const undecided = { "both pass": 1, "both fail": 1, "not judged": 1 };
      assert.deepEqual(await labelByTests(store), {
        written: 2,
        withdrawn: 0,
        decided: 2,
        undecided,
      });
      const labels = "SELECT pair, preference, labeler, labeler_kind FROM labels ORDER BY pair";
      const once = await store.rows(labels);
      assert.deepEqual(once, [
        { pair: "first", preference: "version1", labeler: "unit-tests", labeler_kind: "tests" },
        { pair: "second", preference: "version2", labeler: "unit-tests", labeler_kind: "tests" },
      ]);
      assert.deepEqual(await labelByTests(store), {
        written: 0,
        withdrawn: 0,
        decided: 2,
        undecided,
      });
      assert.deepEqual(await store.rows(labels), once);
    })
  ));

Deno.test("a newer judgement supersedes or withdraws the label, whose row stays", () =>
  withDatabase(({ db }) =>
    withStore(db, async (store) => {
      await store.insert("questions", [question("q")]);
      await addPair(store, "p", "q");
      const judge = (generation: string, verdict: string, tests: string) =>
        store.insert("judgements", [judgement(generation, verdict, {
          id: `${generation}-${tests}`,
          tests_digest: tests,
          judged_at: `2026-01-0${tests} 00:00:00`,
        })]);
      await judge("p-1", "pass", "1");
      await judge("p-2", "wrong", "1");
      await labelByTests(store);
      await judge("p-1", "wrong", "2");
      assert.equal((await labelByTests(store)).withdrawn, 1);
      assert.equal((await labelByTests(store)).withdrawn, 0);
      await judge("p-2", "pass", "3");
      assert.equal((await labelByTests(store)).written, 1);
      assert.equal((await labelByTests(store)).written, 0);
      assert.deepEqual(
        await store.rows(
          "SELECT showing, action, preference, supersedes FROM labels ORDER BY showing",
        ),
        [
          { showing: 1, action: "label", preference: "version1", supersedes: null },
          { showing: 2, action: "undo", preference: null, supersedes: "unit-tests/p/1" },
          { showing: 3, action: "label", preference: "version2", supersedes: null },
        ],
      );
    })
  ));

Deno.test("reference solutions are set against failing answers of the training half only", () =>
  withDatabase(({ db }) =>
    withStore(db, async (store) => {
      await store.insert("questions", [
        question("failed"),
        question("passed"),
        question("unread"),
        question("waiting"),
        question("held-out", { split: "evaluation" }),
        question("other", { source: "leetcode", reference_code: null }),
      ]);
      const slugs = ["failed", "passed", "waiting", "held-out", "other"];
      await store.insert("generations", slugs.map((slug) => generation(`answer-${slug}`, slug)));
      await store.insert("generations", [
        generation("answer-unread", "unread", { code: null, status: "unread" }),
      ]);
      await store.insert("judgements", [
        judgement("answer-failed", "wrong"),
        judgement("answer-passed", "pass"),
        judgement("answer-held-out", "wrong"),
        judgement("answer-other", "wrong"),
      ]);
      const without = { "no readable answer": 1, "not judged": 1, "all answers pass": 1 };
      assert.deepEqual(await addSyntheticPairs(store), { written: 1, total: 1, without });
      assert.deepEqual(await addSyntheticPairs(store), { written: 0, total: 1, without });
      const pairs = await store.rows(`
        SELECT p.slug, p.kind, l.labeler, l.labeler_kind,
          chosen.provider AS chosen, chosen.code AS code, rejected.id AS rejected
        FROM pairs p JOIN labels l ON l.pair = p.id
        JOIN generations chosen ON chosen.id = CASE l.preference WHEN 'version1' THEN p.version1 ELSE p.version2 END
        JOIN generations rejected ON rejected.id = CASE l.preference WHEN 'version1' THEN p.version2 ELSE p.version1 END`);
      assert.deepEqual(pairs, [{
        slug: "failed",
        kind: "synthetic",
        labeler: "reference-solution",
        labeler_kind: "synthetic",
        chosen: "reference",
        code: 'def f(x):\n    return "failed"',
        rejected: "answer-failed",
      }]);
      assert.deepEqual(
        (await labelByTests(store)).undecided,
        { "both pass": 0, "both fail": 0, "not judged": 0 },
      );
    })
  ));
