import assert from "node:assert/strict";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";
import { withRunFolder } from "@/tests/evaluation/run-folder.ts";

async function task(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(`../../lib/cli/${name}.ts`, import.meta.url).pathname, ...args],
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, error };
}

Deno.test("publish prints what it published as one line of JSON", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 8);
    const { code, out } = await task("publish", `db=${db}`, `out=${folder}/out`, "json=true");
    assert.equal(code, 0);
    const published = JSON.parse(out);
    assert.equal(published.path, `${folder}/out`);
    assert.equal(published.train + published.test, 8);
  }));

Deno.test("publish without labels is one sentence and exit code 2", () =>
  withDatabase(async ({ db }) => {
    const { code, error } = await task("publish", `db=${db}`);
    assert.equal(code, 2);
    assert.equal(error.trim().split("\n").length, 1);
    assert.match(error, /no database/);
  }));

Deno.test("evaluate writes the report anew and says where it is", () =>
  withRunFolder(async (folder) => {
    const { code, out } = await task("evaluate", `run=${folder}`);
    assert.equal(code, 0);
    assert.match(out, /report: .*report\.html/);
    assert.ok((await Deno.stat(`${folder}/report.html`)).size > 10_000);
  }));
