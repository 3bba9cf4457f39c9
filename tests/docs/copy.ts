/** A copy of the project to follow guides and run the documentation's commands in. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** What is in the repository, as it is now, and what set-up has installed. The caller removes it. */
export async function copyOfProject(): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "codepref-docs-" });
  const { stdout, success } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    cwd: PROJECT_ROOT,
  }).output();
  assert.ok(success);
  for (const file of new TextDecoder().decode(stdout).split("\0").filter(Boolean)) {
    const info = await Deno.lstat(join(PROJECT_ROOT, file)).catch(() => null);
    if (!info?.isFile) continue;
    await Deno.mkdir(dirname(join(copy, file)), { recursive: true });
    await Deno.copyFile(join(PROJECT_ROOT, file), join(copy, file));
  }
  for (const folder of [".venv", ".cache"]) {
    await Deno.symlink(join(PROJECT_ROOT, folder), join(copy, folder));
  }
  return copy;
}
