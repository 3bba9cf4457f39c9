/** `deno task publish` as people run it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { labeledDatabase, withDatabase } from "@/tests/datasets/database.ts";
import { TOKEN } from "@/tests/hub/hub-server.ts";
import { withHub } from "@/tests/hub/with-hub.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

async function task(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "lib/cli/publish.ts", ...args],
    cwd: ROOT,
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), said: text(stderr) };
}

Deno.test(
  "repo= shows what is published, pushes it, and never shows the token",
  withHub(async ({ server, folder }) => {
    const db = `${folder}/test.duckdb`, out = `${folder}/out`;
    await labeledDatabase(db, 20);
    const env = { HF_ENDPOINT: server.url, HF_TOKEN: TOKEN };
    const args = [`db=${db}`, `out=${out}`, "repo=team/lc", "test_fraction=0.3"];
    const preview = await task([...args, "preview=true"], env);
    assert.equal(preview.code, 0, preview.said);
    assert.match(preview.out, /config default: \d+ rows to train on, \d+ held out/);
    assert.match(preview.out, /row 1:\n {2}prompt: # Title of question/);
    assert.match(preview.out, /file README\.md, [\d,]+ bytes/);
    assert.match(preview.out, /Nothing was published/);
    assert.deepEqual([existsSync(out), server.repos.size], [false, 0]);

    const pushed = await task([...args, "json=true"], env);
    assert.equal(pushed.code, 0, pushed.said);
    assert.match(pushed.said, /config default: \d+ rows/);
    const { hub, digest } = JSON.parse(pushed.out);
    assert.deepEqual([hub.changed, hub.private, digest.length], [true, true, 64]);
    const again = await task(args, env);
    assert.match(again.out, /Nothing new to publish.*\n.*\nNothing new for http.*private\)/);
    for (const { out, said } of [preview, pushed, again]) assert.ok(!(out + said).includes(TOKEN));
  }),
);

Deno.test("settings that do not fit together are refused", () =>
  withDatabase(async ({ folder, db }) => {
    await labeledDatabase(db, 3);
    const refused: [string[], RegExp][] = [
      [["format=hub"], /repo=NAMESPACE\/NAME/],
      [["format=csv", "repo=a/b"], /repo= is for format=hub/],
      [["format=duckdb"], /out=FILE\.duckdb/],
      [["aggregate=mean"], /majority, dawid_skene/],
      [["tie=drop"], /ties/],
    ];
    for (const [args, pattern] of refused) {
      const { code, said } = await task([`db=${db}`, ...args]);
      assert.equal(code, 2);
      assert.match(said, pattern);
    }
    const out = `${folder}/d.duckdb`;
    const { out: told } = await task([
      ...[`db=${db}`, "format=duckdb", `out=${out}`, "test_fraction=0"],
    ]);
    assert.match(told, /Published 3 training and 0 test pairs in .*d\.duckdb/);
  }));
