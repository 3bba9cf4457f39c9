import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

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

Deno.test("a notebook or parameter that is not there is refused in one sentence", async () => {
  const lost = await notebooks("only=[99]");
  assert.equal(lost.code, 2);
  assert.match(lost.err, /No notebook starts with "99"; there are 01-questions\.ipynb/);
  const near = await notebooks("max_step=3");
  assert.equal(near.code, 2);
  assert.match(near.err, /did you mean max_steps\?/);
});
