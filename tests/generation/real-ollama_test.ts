import assert from "node:assert/strict";
import { listOllamaModels, ollamaGenerator } from "@/lib/generation/ollama.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { smollm2Path } from "@/lib/setup/paths.ts";
import { createModel, startOllama } from "@/tests/generation/real-ollama.ts";

const server = ollamaServerPath();
if (!server) {
  console.log("Ollama is not built (it needs Go and a C compiler): its test is skipped.");
}

Deno.test({
  name: "a real Ollama server answers with SmolLM2, the same for the same seed",
  ignore: !server,
  async fn() {
    const folder = await Deno.makeTempDir();
    const ollama = await startOllama(server!, folder), { host } = ollama;
    try {
      assert.deepEqual(await listOllamaModels({ host, timeoutMs: 10_000 }), []);
      await createModel(server!, folder, host, "smollm2-test", smollm2Path());
      const generator = await ollamaGenerator({ model: "smollm2-test", host });
      const request = {
        prompt: "Write a Python function add(x, y).",
        seed: 7,
        temperature: 0.8,
        top_p: 0.95,
        num_predict: 12,
        num_ctx: 256,
      };
      let streamed = "";
      const [first, again] = await generator.generate([request, request], {
        onText: (index, delta) => void (streamed += index === 0 ? delta : ""),
      });
      assert.equal(first.text, streamed);
      assert.equal(again.text, first.text);
      assert.equal(first.doneReason, "length");
      assert.equal(first.completionTokens, 12);
      assert.ok(first.promptTokens > 8 && first.promptTokens < 256, `${first.promptTokens} tokens`);
      await generator.close();
    } finally {
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
