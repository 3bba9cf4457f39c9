import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { installSection, pipFailure } from "@/lib/setup/packages.ts";
import { pythonPath } from "@/lib/setup/paths.ts";
import { ensureVenv } from "@/lib/setup/python.ts";
import { parseSection } from "@/lib/setup/requirements.ts";

const WHEEL = `
import sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(folder + "/tiny-1.0-py3-none-any.whl", "w") as z:
    z.writestr("tiny/__init__.py", "ANSWER = 42\\n")
    z.writestr("tiny/data.txt", "data")
    z.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    z.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr("tiny-1.0.dist-info/RECORD", "tiny/__init__.py,,12\\ntiny/data.txt,,4\\ntiny-1.0.dist-info/METADATA,,\\n"
      "tiny-1.0.dist-info/WHEEL,,\\ntiny-1.0.dist-info/RECORD,,\\n")
`;

async function succeed(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("packages: an environment is made, repaired after a torn making, and keeps what is installed", async (t) => {
  const folder = await Deno.makeTempDir();
  const venv = join(folder, "venv");
  const python = join(venv, "bin", "python");
  const offline = {
    PIP_INDEX_URL: "http://127.0.0.1:9/simple",
    PIP_RETRIES: "1",
    PIP_TIMEOUT: "2",
  };
  try {
    await succeed(pythonPath(), ["-c", WHEEL, folder]);
    const section = parseSection("files", join(folder, "tiny-1.0-py3-none-any.whl"), "x.txt");
    const options = { python: pythonPath() };

    await t.step("making", async () => {
      await ensureVenv(venv, options);
      assert.ok(existsSync(python));
    });
    await t.step("a torn environment is made again, a whole one is left alone", async () => {
      const pip = join(
        venv,
        "lib",
        await succeed("ls", [join(venv, "lib")]),
        "site-packages",
        "pip",
      );
      await Deno.remove(pip, { recursive: true });
      await ensureVenv(venv, options);
      assert.ok(existsSync(pip));
      await Deno.writeTextFile(join(venv, "mine"), "");
      await ensureVenv(venv, options);
      assert.ok(existsSync(join(venv, "mine")));
    });
    await t.step("a package is installed, with progress", async () => {
      const steps: number[] = [];
      await installSection(venv, section, { onStep: (done) => steps.push(done), env: offline });
      assert.equal(await succeed(python, ["-c", "import tiny; print(tiny.ANSWER)"]), "42");
      assert.equal(existsSync(join(venv, "tmp")), false);
    });
    await t.step("a package that lost a file is installed again", async () => {
      const data = await succeed(python, [
        "-c",
        "import tiny; print(tiny.__path__[0] + '/data.txt')",
      ]);
      for (const damage of [() => Deno.remove(data), () => Deno.writeTextFile(data, "torn off")]) {
        await damage();
        await installSection(venv, section, { env: offline });
        assert.equal(await Deno.readTextFile(data), "data");
      }
    });
    await t.step("an index that cannot be reached is one sentence", async () => {
      const missing = parseSection("files", "codepref-tiny==1.0", "x.txt");
      await assert.rejects(installSection(venv, missing, { env: offline }), (error) => {
        assert.ok(error instanceof OperationError, String(error));
        assert.match(error.message, /package index cannot be reached \(files\): check the network/);
        return true;
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("packages: what pip says becomes one sentence", () => {
  const section = { name: "files" } as const;
  assert.match(
    pipFailure(section, ["ERROR: [Errno 28] No space left on device"]),
    /^No space is left/,
  );
  assert.match(
    pipFailure(section, [
      "Looking",
      "ERROR: No matching distribution found for x==1",
      "[notice] hello",
    ]),
    /^pip could not install .*: ERROR: No matching distribution found for x==1$/,
  );
});
