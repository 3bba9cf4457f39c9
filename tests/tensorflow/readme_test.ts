/** The examples of lib/tensorflow/README.md do what they say. */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

const root = new URL("../../", import.meta.url);
const config = `--config=${fromFileUrl(new URL("deno.json", root))}`;
const readme = Deno.readTextFileSync(new URL("lib/tensorflow/README.md", root));
const examples = readme.split(/^### /m).slice(1).map((section) => ({
  title: section.split("\n")[0],
  code: /```ts\n(.*?)```/s.exec(section)?.[1] ?? "",
}));

/** What an example says it prints: the comments behind `console.log`. */
const promised = (code: string) =>
  [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);

/** Lines that Deno prints; it must succeed. */
async function deno(...args: string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return text(stdout).trim().split("\n");
}

Deno.test("the README's examples type-check, and print what they promise", async (t) => {
  assert.ok(examples.length >= 10);
  const folder = await Deno.makeTempDir();
  try {
    const files = examples.map((_, i) => `${folder}/example-${i}.ts`);
    for (const [i, { code }] of examples.entries()) await Deno.writeTextFile(files[i], code);
    await t.step("types", async () => void await deno("check", config, ...files));
    const permissions = ["--allow-ffi", "--allow-read", "--allow-env", "--allow-sys"];
    for (const [i, { title, code }] of examples.entries()) {
      await t.step(title, async () => {
        assert.ok(promised(code).length > 0, "nothing is promised");
        const lines = await deno("run", "--no-prompt", ...permissions, config, files[i]);
        assert.deepEqual(lines, promised(code));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
