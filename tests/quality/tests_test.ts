import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { countsLine, readSummary, testPaths } from "@/lib/quality/tests.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

Deno.test("tests: words are folders of tests or parts of file names", () => {
  assert.deepEqual(testPaths([]), ["tests"]);
  assert.deepEqual(testPaths(["cli", "requirements_t"]), [
    "tests/cli",
    "tests/setup/requirements_test.ts",
  ]);
  assert.throws(() => testPaths(["nothing-like-it"]), InputError);
});

Deno.test("tests: the runner's summary is read, coloured or not", () => {
  const text =
    "ok | 1 passed | 9 failed (in a log)\n\n\x1b[31mFAILED\x1b[0m | 12 passed (3 steps) | 2 failed (1 step) | 1 ignored \x1b[38m(1s)\x1b[0m\n";
  assert.deepEqual(readSummary(text), { passed: 12, failed: 2, skipped: 1 });
  assert.deepEqual(readSummary("ok | 19 passed | 0 failed (1s)"), {
    passed: 19,
    failed: 0,
    skipped: 0,
  });
  assert.equal(readSummary("error: Type checking failed."), undefined);
  assert.equal(countsLine({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assert.equal(countsLine({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});

Deno.test("tests: the command for continuous integration adds up and fails when anything failed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // A stand-in for Deno, so that only the adding up is tested.
    const script =
      `#!/bin/sh\ncase "$2" in\n test) echo "5 passed, 0 failed, 1 skipped";;\n check) echo "$CHECK"; exit $CODE;;\nesac\n`;
    await Deno.writeTextFile(join(folder, "deno"), script, { mode: 0o755 });
    const run = async (check: string, code: number) => {
      const output = await new Deno.Command(join(PROJECT_ROOT, ".ci", "run"), {
        env: { PATH: `${folder}:${Deno.env.get("PATH")}`, CHECK: check, CODE: String(code) },
      }).output();
      return [new TextDecoder().decode(output.stdout).trim().split("\n").at(-1), output.code];
    };
    assert.deepEqual(await run("4 passed, 0 failed", 0), ["9 passed, 0 failed", 0]);
    assert.deepEqual(await run("3 passed, 1 failed", 1), ["8 passed, 1 failed", 1]);
    assert.deepEqual(await run("broken", 1), ["5 passed, 1 failed", 1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
