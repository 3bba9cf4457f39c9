import assert from "node:assert/strict";
import { basename } from "node:path";
import { executeAll, listNotebooks, notebookParameters } from "@/lib/notebooks/all.ts";
import { checkNotebooks, problemLine } from "@/lib/notebooks/check.ts";
import { summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { outputDifferences } from "@/lib/notebooks/outputs.ts";
import { newestRun } from "@/lib/notebooks/training.ts";
import { outputsOf, withFolder } from "./fixture.ts";

Deno.test("the cells of the project's notebooks have no type errors", async () => {
  assert.deepEqual((await checkNotebooks(listNotebooks())).map(problemLine), []);
});

Deno.test("every parameter of a notebook says what it is", async () => {
  const parameters = await notebookParameters();
  assert.ok(parameters.some(({ name }) => name === "db"));
  assert.deepEqual(parameters.filter(({ help }) => !help), []);
});

Deno.test("all notebooks run, each on what the last one left", async () => {
  await withFolder(async (folder) => {
    const runs = `${folder}/runs`;
    const executed = await executeAll({
      small: true,
      parameters: { db: `${folder}/notebooks.duckdb`, dataset: `${folder}/dataset`, runs },
      out: `${folder}/executed`,
      timeoutSeconds: 300,
    });
    const names = executed.map(({ notebook }) => basename(notebook).slice(0, 2));
    assert.deepEqual(names, ["01", "02", "03", "04", "05", "06", "07", "08"]);
    for (const { copy } of executed) {
      const outputs = (await outputsOf(copy!)).join("\n");
      // Nothing had to be made up for: the notebook before had left it.
      assert.doesNotMatch(outputs, /There (was|were) no/, copy);
    }
    // What people see in the repository is what a run shows.
    const compared = executed.map(({ notebook, copy }) => outputDifferences(notebook, copy!));
    assert.deepEqual((await Promise.all(compared)).flat(), []);

    const sft = await summarizeRun(newestRun("notebook-sft", runs)!);
    assert.equal(sft.updates, 2);
    assert.ok(sft.policy);
    const dpo = await summarizeRun(newestRun("notebook-dpo", runs)!);
    assert.equal(dpo.settings["model.archive"], sft.policy);
    assert.ok(Math.abs(dpo.trainLoss!.before - Math.LN2) < 1e-4, "the first loss is ln 2");
  });
});
