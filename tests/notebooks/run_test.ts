import assert from "node:assert/strict";
import { InputError } from "@/lib/errors.ts";
import { executeNotebook, NotebookError } from "@/lib/notebooks/run.ts";
import { outputsOf, withFolder, writeNotebook } from "./fixture.ts";

Deno.test("a notebook runs in its folder, with parameters, into an executed copy", async () => {
  await withFolder(async (folder) => {
    const path = await writeNotebook(folder, "good.ipynb", [
      { parameters: 'let name = "world"; // who\nlet times = 1;' },
      "for (let i = 0; i < times; i++) console.log(`hello ${name}`);",
      "Deno.cwd()",
    ]);
    const before = await Deno.readTextFile(path);
    const steps: number[] = [];
    const run = await executeNotebook(path, {
      parameters: { name: 'a "quoted" name', times: 2 },
      out: `${folder}/out`,
      onProgress: (done, total) => steps.push(done / total),
    });
    assert.equal(run.copy, `${folder}/out/good.ipynb`);
    const [, injected, printed, cwd] = await outputsOf(run.copy);
    assert.equal(injected, "");
    assert.equal(printed, 'hello a "quoted" name\n'.repeat(2));
    assert.equal(cwd, JSON.stringify(await Deno.realPath(folder)));
    assert.equal(await Deno.readTextFile(path), before);
    assert.deepEqual([steps[0], steps.at(-1)], [0, 1]);

    // In place, and again: the cell that the first run injected is replaced, not repeated.
    assert.equal(run.cells, 3);
    const again = await executeNotebook(run.copy, {
      parameters: { times: 1 },
      out: `${folder}/out`,
    });
    const outputs = await outputsOf(again.copy!);
    assert.equal(outputs.length, 4);
    assert.equal(outputs[2], "hello world\n");
  });
});

Deno.test("no line of rapid output is lost or lands under another cell", async () => {
  await withFolder(async (folder) => {
    const lines = 5000;
    const path = await writeNotebook(folder, "rapid.ipynb", [
      "console.log('first')",
      `for (let i = 0; i < ${lines}; i++) console.log("out " + i);`,
      `for (let i = 0; i < ${lines}; i++) console.error("error " + i);`,
      "await Deno.jupyter.html`<b>bold</b>`",
      "console.log('last')",
    ]);
    const { copy } = await executeNotebook(path, { out: `${folder}/out` });
    const [first, out, error, , last] = await outputsOf(copy!);
    const expected = (word: string) =>
      Array.from({ length: lines }, (_, i) => `${word} ${i}\n`).join("");
    assert.equal(first, "first\n");
    assert.ok(out === expected("out"), "standard output differs");
    assert.ok(error === expected("error"), "standard error differs");
    assert.equal(last, "last\n");
  });
});

Deno.test("a cell that fails stops the run and is named", async (t) => {
  const cases = [
    {
      name: "throws",
      cells: ["const a = 1;", "console.log('before');\nthrow new TypeError('boom');", "a"],
      expected: { cell: 2, reason: "error" },
      message:
        /throws\.ipynb, code cell 2 \(starts with: console\.log\('before'\);\): TypeError: boom/,
    },
    {
      name: "rejection",
      cells: ["Promise.reject(new Error('forgotten')); 1", "2"],
      expected: { cell: 1, reason: "rejection" },
      message: /code cell 1 .*nobody awaited a promise that failed: Error: forgotten/,
    },
    {
      name: "late",
      cells: ["1", "setTimeout(() => { throw new Error('late'); }, 20); 2"],
      expected: { cell: 2, reason: "rejection" },
      message: /code cell 2 .*late/,
    },
    {
      name: "timeout",
      cells: ["await new Promise((resolve) => setTimeout(resolve, 60_000))"],
      expected: { cell: 1, reason: "timeout" },
      message: /took longer than allowed/,
    },
    {
      name: "exit",
      cells: ["Deno.exit(3)"],
      expected: { cell: 1, reason: "died" },
      message: /the kernel stopped/,
    },
  ];
  for (const { name, cells, expected, message } of cases) {
    await t.step(name, () =>
      withFolder(async (folder) => {
        const path = await writeNotebook(folder, `${name}.ipynb`, cells);
        const error = await executeNotebook(path, { out: `${folder}/out`, timeoutSeconds: 3 })
          .then(() => assert.fail("it went well"), (error) => error);
        assert.ok(error instanceof NotebookError, String(error));
        assert.deepEqual({ cell: error.cell, reason: error.reason }, expected);
        assert.match(error.message, message);
        assert.equal(error.exitCode, 1);
        if (name === "throws") {
          const outputs = await outputsOf(`${folder}/out/throws.ipynb`);
          assert.equal(outputs[1], "before\n");
        }
      }));
  }
});

Deno.test("a failed run in place leaves the notebook as it was", async () => {
  await withFolder(async (folder) => {
    const path = await writeNotebook(folder, "bad.ipynb", [
      "console.log(1)",
      "throw new Error('no')",
    ]);
    const before = await Deno.readTextFile(path);
    await assert.rejects(executeNotebook(path, { out: folder }), NotebookError);
    assert.equal(await Deno.readTextFile(path), before);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["bad.ipynb"]);
  });
});

Deno.test("an interrupted run stops its kernel", async () => {
  await withFolder(async (folder) => {
    const pid = `${folder}/pid`;
    const path = await writeNotebook(folder, "long.ipynb", [
      `Deno.writeTextFileSync(${JSON.stringify(pid)}, String(Deno.pid));`,
      "await new Promise((resolve) => setTimeout(resolve, 60_000))",
    ]);
    const interruption = new AbortController();
    await assert.rejects(
      executeNotebook(path, {
        signal: interruption.signal,
        onProgress: (done) => done === 1 && interruption.abort(),
      }),
      { name: "AbortError" },
    );
    const kernel = Number(await Deno.readTextFile(pid));
    assert.throws(() => Deno.kill(kernel, "SIGCONT"), Deno.errors.NotFound);
  });
});

Deno.test("wrong input is refused before anything runs", async () => {
  await withFolder(async (folder) => {
    const path = await writeNotebook(folder, "a.ipynb", [{ parameters: 'let db = "x";' }]);
    await assert.rejects(executeNotebook(path, { parameters: { bd: "y" } }), {
      name: "InputError",
      message: /has no parameter "bd"; it has db/,
    });
    await assert.rejects(executeNotebook(`${folder}/none.ipynb`), InputError);
    await Deno.writeTextFile(`${folder}/broken.ipynb`, "{");
    await assert.rejects(executeNotebook(`${folder}/broken.ipynb`), /is not a notebook/);
  });
});
