import assert from "node:assert/strict";
import { join } from "node:path";
import { installKernel, kernelIsInstalled } from "@/lib/setup/kernel.ts";

Deno.test("kernel: the specification names a Deno that stays", async () => {
  const folder = await Deno.makeTempDir();
  const venv = join(folder, "venv");
  const specification = join(venv, "share", "jupyter", "kernels", "deno", "kernel.json");
  try {
    assert.equal(await kernelIsInstalled(venv), false);
    const stable = join(folder, "bin", "deno");
    await Deno.mkdir(join(folder, "bin"));
    await Deno.writeTextFile(stable, "#!/bin/sh\n", { mode: 0o755 });
    await installKernel(venv, stable);
    const { argv } = JSON.parse(await Deno.readTextFile(specification));
    assert.deepEqual(argv, [stable, "jupyter", "--kernel", "--conn", "{connection_file}"]);
    assert.equal(await kernelIsInstalled(venv), true);

    const cache = join(folder, "_npx", "5c7a", "node_modules", "deno");
    await Deno.mkdir(cache, { recursive: true });
    await Deno.writeTextFile(join(cache, "deno"), "#!/bin/sh\necho here\n", { mode: 0o755 });
    await installKernel(venv, join(cache, "deno"));
    await Deno.remove(join(folder, "_npx"), { recursive: true });
    const program = JSON.parse(await Deno.readTextFile(specification)).argv[0];
    assert.equal(program, join(venv, "bin", "deno"));
    const { stdout } = await new Deno.Command(program).output();
    assert.equal(new TextDecoder().decode(stdout), "here\n");

    await Deno.remove(program);
    assert.equal(await kernelIsInstalled(venv), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
