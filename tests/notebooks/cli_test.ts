import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { outputsOf, withFolder } from "./fixture.ts";

async function notebooks(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT_ROOT, "lib/cli/notebooks.ts"), ...args],
    cwd: PROJECT_ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("help lists the notebooks' own parameters with their defaults", async () => {
  const { code, out } = await notebooks("--help");
  assert.equal(code, 0);
  assert.match(out, /max_steps\s+integer.*updates of the weights \(6\)/);
});

Deno.test("parameters are set from the command line, and the copy says so as papermill's does", async () => {
  await withFolder(async (folder) => {
    const words = ["only=[01]", "slug=humaneval-3", `db=${folder}/n.duckdb`, `out=${folder}/out`];
    const { code, err } = await notebooks(...words);
    assert.equal(code, 0, err);
    const copy = `${folder}/out/01-questions.ipynb`;
    assert.match((await outputsOf(copy)).join("\n"), /below_zero/);
    const { cells } = JSON.parse(await Deno.readTextFile(copy));
    const injected = cells.find((cell: { metadata: { tags?: string[] } }) =>
      cell.metadata.tags?.includes("injected-parameters")
    );
    assert.match([injected.source].flat().join(""), /^\/\/ Parameters\n.*slug = "humaneval-3";/s);
  });
});

Deno.test("a notebook or parameter that is not there is refused in one sentence", async () => {
  const lost = await notebooks("only=[99]");
  assert.equal(lost.code, 2);
  assert.match(lost.err, /No notebook starts with "99"; there are 01-questions\.ipynb/);
  const near = await notebooks("max_step=3");
  assert.equal(near.code, 2);
  assert.match(near.err, /did you mean max_steps\?/);
});
