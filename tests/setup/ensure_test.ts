import assert from "node:assert/strict";
import { isAbsolute } from "node:path";
import { ensureSetup } from "@/lib/setup/ensure.ts";
import { libtensorflowPath, pythonPath, sitePackages, smollm2Path } from "@/lib/setup/paths.ts";

Deno.test("set-up: what is there is left alone, at once and in silence", async () => {
  const said: unknown[] = [];
  await ensureSetup(["python", "kernel"], (...progress) => said.push(progress));
  said.length = 0;
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await ensureSetup(["python", "kernel"], (...progress) => said.push(progress));
    times.push(performance.now() - start);
  }
  assert.deepEqual(said, []);
  assert.ok(Math.min(...times) < 100, `${times} ms`);
});

Deno.test("set-up: paths are absolute and lead to what they name", async () => {
  for (const path of [pythonPath(), sitePackages(), libtensorflowPath(), smollm2Path()]) {
    assert.ok(isAbsolute(path));
  }
  const file = await Deno.open(smollm2Path());
  const magic = new Uint8Array(4);
  await file.read(magic);
  file.close();
  assert.equal(new TextDecoder().decode(magic), "GGUF");
});
