/** What is exported, run by a real Ollama server: its greedy tokens are PyTorch's (tests/oracles) and ours. */
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { InputError } from "@/lib/errors.ts";
import { openModel } from "@/lib/models/source.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import { exportSmollm2 } from "./smollm2-in-ollama.ts";
import golden from "@/tests/fixtures/oracles/greedy.json" with { type: "json" };

const program = ollamaServerPath();
if (!program) {
  console.log("Ollama is not built (it needs Go and a C compiler): its test is skipped.");
}

/** Tokens that have to be equal; Ollama computes in F16 with kernels of its own. */
const TOKENS = 16;

/** Greedy, without the server's own penalty; one thread, which on a busy machine does not wait for another. */
const OPTIONS = { temperature: 0, repeat_penalty: 1, num_ctx: 512, num_thread: 1 };

Deno.test({
  name: "a real Ollama continues prompts as we do, plain and through the chat template",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const ollama = await startOllama(program!, folder);
    const source = await openModel("smollm2");
    source.close();
    try {
      const client = new Ollama({ host: ollama.host });
      for (const format of ["plain", "chat"] as const) {
        const name = `codepref-${format}`;
        await exportSmollm2(ollama.host, name, format);
        const { license, template, details } = await client.show({ model: name });
        assert.equal(license, "apache-2.0");
        assert.equal(details.quantization_level, "F16");
        if (format === "plain") assert.equal(template, "{{ .Prompt }}");
        for (const prompt of golden.prompts.filter((p) => p.format === format)) {
          await t.step(prompt.text, async () => {
            const answer = await client.generate({
              model: name,
              prompt: prompt.text,
              options: { ...OPTIONS, num_predict: TOKENS },
            });
            assert.equal(answer.prompt_eval_count, prompt.ids.length, "the prompt's tokens");
            assert.equal(
              answer.response,
              source.tokenizer.decode(prompt.continuation.slice(0, TOKENS)),
            );
          });
        }
      }
      await t.step("an answer in a longer chat sees the same text as here", async () => {
        const messages = [
          { role: "system", content: "You write code." },
          { role: "user", content: "Hello" },
          { role: "assistant", content: "Hi." },
          { role: "user", content: "Write one line of Python." },
        ];
        const answer = await client.chat({
          model: "codepref-chat",
          messages,
          options: { ...OPTIONS, num_predict: 2 },
        });
        assert.equal(answer.prompt_eval_count, source.tokenizer.chatPrompt(messages).length);
      });
      await t.step("the model opens by its name, from the server's folder", async () => {
        Deno.env.set("OLLAMA_MODELS", ollama.models);
        try {
          const again = await openModel("ollama:codepref-plain");
          assert.deepEqual(again.config, source.config);
          assert.equal(again.name, "ollama:codepref-plain");
          again.close();
          await assert.rejects(openModel("ollama:codepref-none"), InputError);
        } finally {
          Deno.env.delete("OLLAMA_MODELS");
        }
      });
    } finally {
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
