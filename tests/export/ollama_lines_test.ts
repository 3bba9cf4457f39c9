/** SmolLM2 in a real Ollama: the tokens of code. */
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { openModel } from "@/lib/models/source.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import { exportSmollm2 } from "./smollm2-in-ollama.ts";

const program = ollamaServerPath();

const LINES = 2000, LINES_AT_ONCE = 200;

Deno.test({
  name: "a real Ollama makes our tokens of 2,000 lines of code",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const ollama = await startOllama(program!, folder), { host } = ollama;
    const source = await openModel("smollm2");
    try {
      const client = new Ollama({ host });
      await exportSmollm2(host, "f16");
      const lines = linesOfCode();
      assert.equal(lines.length, LINES);
      await t.step(`tokens of ${LINES} lines`, async () => {
        for (let at = 0; at < LINES; at += LINES_AT_ONCE) {
          const text = lines.slice(at, at + LINES_AT_ONCE).join("");
          // The answer holds the tokens of the whole prompt and of what follows it, however little of it was read.
          const { context, response = "" } = await client.generate({
            model: "f16",
            prompt: text,
            options: { temperature: 0, num_ctx: 16, num_predict: 1 },
          });
          assert.deepEqual(context, source.tokenizer.encode(text + response));
        }
      });
    } finally {
      source.close();
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Lines of this project's own Python and TypeScript, which name no special tokens. */
function linesOfCode(): string[] {
  const files = ["../oracles", "../../lib/models", "../../lib/export"].flatMap((folder) => {
    const at = new URL(`${folder}/`, import.meta.url);
    return [...Deno.readDirSync(at)].filter(({ name }) => /\.(py|ts)$/.test(name))
      .map(({ name }) => new URL(name, at)).sort((a, b) => a.href < b.href ? -1 : 1);
  });
  return files.flatMap((file) => Deno.readTextFileSync(file).split(/(?<=\n)/))
    .filter((line) => !line.includes("<|")).slice(0, LINES);
}
