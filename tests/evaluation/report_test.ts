import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { InputError } from "@/lib/errors.ts";
import { databaseCounts } from "@/lib/evaluation/database-counts.ts";
import { reportHtml } from "@/lib/evaluation/report.tsx";
import { summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { summaryLines } from "@/lib/evaluation/summary-lines.ts";
import { writeReport, writeRunReport } from "@/lib/evaluation/write-report.ts";
import { withStore } from "@/lib/store/store.ts";
import { generation, judgement, labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";
import { withRunFolder } from "@/tests/evaluation/run-folder.ts";

Deno.test("a run folder is summed up; a line that is still being written is left out", () =>
  withRunFolder(async (folder) => {
    const run = await summarizeRun(folder);
    assert.equal(run.records.length, 4);
    assert.deepEqual([run.expName, run.loss, run.seed], ["demo", "dpo", 7]);
    assert.deepEqual([run.examples, run.updates, run.tokensPerSecond], [8, 2, 450]);
    assert.deepEqual(run.heldOut["loss/eval"], { before: Math.LN2, after: 0.6 });
    assert.deepEqual(run.heldOut["rewards_eval/accuracies"], { before: 0.5, after: 0.75 });
    assert.equal(run.heldOut["rewards_eval/margins"], undefined);
    assert.equal(run.settings["loss.beta"], 0.1);
    assert.equal(run.policy, join(folder, "LATEST", "policy"));
    assert.match(summaryLines(run).join("\n"), /loss\/eval: 0.6931 before, 0.6 after/);
    assert.match(summaryLines(run).join("\n"), /demonstration, not evidence/);
  }));

Deno.test("the report has curves, tables, sample and provenance, and needs nothing from outside", () =>
  withRunFolder(async (folder) => {
    const { report } = await writeRunReport(folder);
    const html = await Deno.readTextFile(report);
    const { document } = parseHTML(html);
    const text = document.body.textContent!;
    assert.equal(document.querySelectorAll("svg.figure").length, 5);
    for (
      const part of [
        "A demonstration, not evidence",
        "DPO: demo",
        "loss (nats)",
        "0.6931",
        "reward accuracy (%)",
        "log-probability of chosen (nats)",
        "abcdef012345",
        "0123456789ab",
        "70 pairs (70 synthetic)",
        "Seed 7",
        "LATEST",
        "def add(a, b):",
      ]
    ) assert.ok(text.includes(part), part);
    assert.equal(document.querySelectorAll("script, link, img, iframe, b").length, 0);
    assert.ok(html.includes("&lt;script>alert(1)&lt;/script>"));
    assert.doesNotMatch(html.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|url\(|@import/);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(folder))).map((e) => e.name).filter((n) =>
        n.startsWith(".")
      ),
      [],
    );
  }));

Deno.test("SFT and DPO, database and next commands share one report", () =>
  withRunFolder((sft) =>
    withRunFolder((dpo) =>
      withDatabase(async ({ folder, db }) => {
        await labeledDatabase(db, 3);
        const database = await withStore(db, async (store) => {
          await store.insert("generations", [generation("extra", "question-0")]);
          await store.insert("judgements", [
            judgement("extra", "wrong", { judged_at: "2026-01-01 00:00:00" }),
            judgement("extra", "pass", { tests_digest: "2", judged_at: "2026-01-02 00:00:00" }),
          ]);
          return await databaseCounts(store);
        });
        assert.deepEqual(database.verdicts, [{ verdict: "pass", count: 1 }]);
        assert.deepEqual(database.labels.map((l) => [l.preference, l.count]), [
          ["version1", 1],
          ["version2", 2],
        ]);
        const out = join(folder, "new", "report.html");
        await writeReport({
          title: "The loop",
          runs: [await summarizeRun(sft), await summarizeRun(dpo)],
          database,
          dataset: {
            digest: "d".repeat(64),
            train: 2,
            test: 1,
            labelerKinds: { human: 3 },
            dropped: { same: 1 },
          },
          samples: [{ title: "Overall", prompt: "p", before: "b", after: "a" }],
          nextCommands: ["deno task label"],
        }, out);
        const html = await Deno.readTextFile(out);
        assert.ok(html.indexOf("SFT: demo") < html.indexOf("DPO: demo"));
        for (const part of ["left out: same", "deno task label", "Verdicts", "Overall"]) {
          assert.ok(html.includes(part), part);
        }
        assert.doesNotMatch(html, /demonstration, not evidence/);
      }), { kinds: { human: 3 } }), { kinds: {}, loss: "sft" }));

Deno.test("a report without any run yet is still a page", () => {
  assert.match(reportHtml({ title: "Nothing <yet>", runs: [] }), /<h1>Nothing &lt;yet/);
});

Deno.test("what is no run folder, or a broken one, is refused with the place", () =>
  withRunFolder(async (folder) => {
    const refused = (work: Promise<unknown>, pattern: RegExp) =>
      assert.rejects(work, (error) => error instanceof InputError && pattern.test(error.message));
    await refused(summarizeRun(join(folder, "none")), /holds no training run/);
    await Deno.writeTextFile(join(folder, "metrics.jsonl"), "{}\n{oops\n{}\n");
    await refused(summarizeRun(folder), /metrics\.jsonl line 2 is broken/);
    await Deno.writeTextFile(join(folder, "config.json"), "{");
    await refused(summarizeRun(folder), /config\.json is broken/);
  }));
