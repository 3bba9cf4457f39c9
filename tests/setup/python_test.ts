import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { findPython } from "@/lib/setup/python.ts";

/** A folder with stand-ins for programs, used as the whole PATH. */
async function withPrograms(
  programs: Record<string, string>,
  body: (env: Record<string, string>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    await body({ PATH: folder }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const python = (version: string, venv: boolean) =>
  `echo ${version}; echo ${venv ? "venv" : "bare"}`;
const refuses = async (promise: Promise<unknown>, pattern: RegExp) =>
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof OperationError, String(error));
    assert.match(error.message, pattern);
    return true;
  });

Deno.test("python: python3 is taken when it fits, otherwise the newest that does", async () => {
  await withPrograms(
    { python3: python("3.11", true), "python3.13": python("3.13", true) },
    async (env) => {
      assert.equal(await findPython({ env }), "python3");
    },
  );
  await withPrograms({
    python3: python("3.14", true),
    "python3.12": python("3.12", true),
    "python3.10": python("3.10", true),
    "python3.13": "exit 1",
  }, async (env) => {
    assert.equal(await findPython({ env }), "python3.12");
  });
});

Deno.test("python: none that fits is one sentence with what was seen and what to do", async () => {
  await withPrograms({ python3: python("3.9", true) }, async (env) => {
    await refuses(
      findPython({ env }),
      /No Python from 3\.10 to 3\.13 was found \(only python3 3\.9\): install Python/,
    );
  });
  await withPrograms({ "apt-get": "exit 0" }, async (env) => {
    await refuses(
      findPython({ env, mayInstall: false }),
      /run `apt-get install python3 python3-venv` as root/,
    );
  });
});

Deno.test("python: Debian's missing venv is named, or installed for root", async () => {
  const programs = {
    python3: python("3.11", false),
    "python3.12": python("3.12", false),
    "apt-get": "exit 0",
  };
  await withPrograms(programs, async (env) => {
    await refuses(
      findPython({ env, mayInstall: false }),
      /Python 3\.11 \(python3\) cannot make environments: run `apt-get install python3-venv` as root/,
    );
  });
  const apt =
    `if [ "$1" = install ]; then printf '#!/bin/sh\\necho 3.11; echo venv\\n' > "$FOLDER/python3"; fi`;
  await withPrograms({ ...programs, "apt-get": apt }, async (env, folder) => {
    const notes: string[] = [];
    const found = await findPython({
      env: { ...env, FOLDER: folder },
      mayInstall: true,
      onNote: (note) => notes.push(note),
    });
    assert.equal(found, "python3");
    assert.deepEqual(notes, ["installing python3-venv with apt-get"]);
  });
  await withPrograms({ ...programs, "apt-get": `[ "$1" = --version ]` }, async (env) => {
    await refuses(findPython({ env, mayInstall: true }), /apt-get could not install python3-venv/);
  });
});

Deno.test("python: one that was asked for is the only one looked at", async () => {
  await withPrograms({ python3: python("3.11", true), mine: python("3.8", true) }, async (env) => {
    await refuses(
      findPython({ env, python: "mine" }),
      /only mine 3\.8\): name another one with python=…/,
    );
  });
});
