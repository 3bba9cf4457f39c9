import assert from "node:assert/strict";
import { checkNotebooks, problemLine } from "@/lib/notebooks/check.ts";
import { withFolder, writeNotebook } from "./fixture.ts";

const inProject = { dir: import.meta.dirname!, prefix: ".check-" };

Deno.test("type errors are found in the notebook's own cells and lines", async () => {
  await withFolder(async (folder) => {
    const good = await writeNotebook(folder, "good.ipynb", [
      'import { InputError } from "@/lib/errors.ts";\nconst a = await Promise.resolve(1)',
      "(a + 1).toFixed()",
      'await Deno.jupyter.html`<p>${new InputError("x").message}</p>`',
    ]);
    const bad = await writeNotebook(folder, "bad.ipynb", [
      'import { InputErorr } from "@/lib/errors.ts";',
      "const n = 1;",
      'const rows = [{ slug: "a" }];\nrows[0].slgu;\nconst text: string = n;',
    ]);
    assert.deepEqual(await checkNotebooks([good]), []);
    const problems = await checkNotebooks([good, bad]);
    assert.deepEqual(
      problems.map(({ notebook, cell, line, code }) => [notebook, cell, line, code]),
      [
        [bad, 1, 1, "TS2724"],
        [bad, 3, 2, "TS2339"],
        [bad, 3, 3, "TS2322"],
      ],
    );
    assert.match(
      problemLine(problems[2]),
      /bad\.ipynb, code cell 3, line 3:7: TS2322 Type 'number' is not assignable/,
    );
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["bad.ipynb", "good.ipynb"],
    );
  }, inProject);
});

Deno.test("a cell that is no TypeScript is found", async () => {
  await withFolder(async (folder) => {
    const path = await writeNotebook(folder, "syntax.ipynb", ["const a = 1;", "const b = ;"]);
    const problems = await checkNotebooks([path]);
    assert.deepEqual(problems.map(({ cell, line }) => [cell, line]), [[2, 1]]);
    assert.match(problems[0].message, /Expression expected/);
  }, inProject);
});

Deno.test("a module that is not there is found", async () => {
  await withFolder(async (folder) => {
    const path = await writeNotebook(folder, "missing.ipynb", ["1;", 'import "@/lib/nowhere.ts";']);
    const problems = await checkNotebooks([path]);
    assert.deepEqual(problems.map(({ cell, line }) => [cell, line]), [[2, 1]]);
    assert.match(problems[0].message, /nowhere\.ts/);
  }, inProject);
});
