/** Errors planted in a copy of the project's notebooks are caught, with the place, by the run or the check. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { copyOfProject } from "@/tests/docs/copy.ts";

const NOTEBOOK = "notebooks/01-questions.ipynb";

interface Ended {
  code: number;
  said: string;
}

async function deno(copy: string, ...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: copy,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

/** Replaces text in the sources of a notebook's cells, or in a file, which has to hold it. */
async function plant(copy: string, file: string, text: string, error: string): Promise<void> {
  const path = join(copy, file), quoted = (s: string) => JSON.stringify(s).slice(1, -1);
  const isNotebook = file.endsWith(".ipynb");
  const [from, to] = isNotebook ? [quoted(text), quoted(error)] : [text, error];
  const before = await Deno.readTextFile(path);
  assert.ok(before.includes(from), `${file} has no ${from}`);
  await Deno.writeTextFile(path, before.replace(from, to));
}

const AFTER_IMPORT = "table(imports.map((report)";

const ERRORS = [
  {
    name: "a wrong column",
    text: "SELECT source, split, difficulty, count",
    error: "SELECT source, split, dificulty, count",
    caught: /code cell 4 .*Binder Error.*"dificulty"/,
  },
  {
    name: "a failing cell",
    text: AFTER_IMPORT,
    error: `throw new RangeError("planted"); ${AFTER_IMPORT}`,
    caught: /code cell 3 .*RangeError: planted/,
  },
  {
    name: "an unawaited rejection",
    text: AFTER_IMPORT,
    error: `Promise.reject(new RangeError("planted")); ${AFTER_IMPORT}`,
    caught: /code cell 3 .*nobody awaited a promise that failed: RangeError: planted/,
  },
];

Deno.test("errors planted in a copy of the notebooks are caught", async (t) => {
  const copy = await copyOfProject();
  try {
    const original = await Deno.readTextFile(join(copy, NOTEBOOK));
    const run = () =>
      deno(copy, "task", "--quiet", "notebooks", "only=[01]", "small=true", "db=data/n.duckdb");
    for (const { name, text, error, caught } of ERRORS) {
      await t.step(`${name}, by deno task notebooks`, async () => {
        await plant(copy, NOTEBOOK, text, error);
        const { code, said } = await run();
        assert.equal(code, 1, said);
        assert.match(said, caught);
        await Deno.writeTextFile(join(copy, NOTEBOOK), original);
      });
    }
    await t.step("a renamed export, by the check of deno task check, and by the run", async () => {
      await plant(copy, "lib/notebooks/display.ts", "function table(", "function tabel(");
      // The check itself, without the minutes that format, lint and types of everything else take.
      const check = "import { CHECKS } from '@/lib/quality/check.ts';" +
        "console.log(await CHECKS.find(({ name }) => name === 'types of notebooks').run());";
      const { said } = await deno(copy, "eval", check);
      assert.match(said, /01-questions\.ipynb, code cell 3, line \d+:\d+: TS\d+ .*'table'/);
      assert.match(said, /07-evaluation\.ipynb, code cell \d+, line \d+:\d+: TS\d+ .*'table'/);
      const ended = await run();
      assert.equal(ended.code, 1, ended.said);
      assert.match(ended.said, /code cell 3 .*table/);
    });
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});
