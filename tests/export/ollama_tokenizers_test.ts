/** Tokenizers of every kind that GGUF names, in a real Ollama: llama.cpp makes our tokens with what is written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Ollama } from "ollama";
import { createOllamaModel } from "@/lib/export/ollama-create.ts";
import { PLAIN_TEMPLATE } from "@/lib/export/ollama-template.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import {
  byteLevelTokenizer,
  GOLDEN,
  saveZeros,
  sentencePieceTokenizer,
} from "@/tests/models/golden-tokenizers.ts";

const program = ollamaServerPath();

const TOKENIZERS: Record<string, Tokenizer> = Object.fromEntries([
  ...Object.entries(GOLDEN.byte_level).map(([name, kind]) => [name, byteLevelTokenizer(kind)]),
  ...Object.entries(GOLDEN.sentencepiece).map((
    [name, kind],
  ) => [`sentencepiece-${name}`, sentencePieceTokenizer(kind)]),
]);

/** llama.cpp reads names of special tokens in prompts. */
const TEXTS = GOLDEN.texts.filter((text) => text !== "" && !text.includes("<s>"));

/** Where llama.cpp is known to differ: it composes no characters, and puts a space before all texts. */
const DIFFERS: Record<string, (text: string) => boolean> = {
  "olmo": (text) => text !== text.normalize("NFC"),
  "qwen2": (text) => text !== text.normalize("NFC"),
  "sentencepiece-mistral-v3": (text) => text.startsWith(" "),
};

const isSpecial = (text: string) => /^<.+>$/.test(text.trim());

Deno.test({
  name: "a real Ollama makes our tokens with every kind of tokenizer",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir(), ollama = await startOllama(program!, folder);
    const { host } = ollama, client = new Ollama({ host });
    try {
      for (const [name, tokenizer] of Object.entries(TOKENIZERS)) {
        await t.step(name, async () => {
          const path = join(folder, `${name}.gguf`);
          await saveZeros(path, tokenizer, {
            hidden_size: 32,
            intermediate_size: 32,
            head_dim: 32,
          });
          await createOllamaModel({ name, host, path, template: PLAIN_TEMPLATE });
          for (const text of TEXTS.filter((text) => !DIFFERS[name]?.(text))) {
            const { context = [], response = "" } = await client.generate({
              model: name,
              prompt: text,
              options: { temperature: 0, num_ctx: 16, num_predict: 1, num_thread: 1 },
            });
            // What follows the prompt is any token, which llama.cpp reads as a special one if it is.
            const whole = tokenizer.encode(text + response), own = tokenizer.encode(text);
            const expected = context.length === own.length + 1 && isSpecial(response)
              ? [...own, context.at(-1)]
              : whole;
            assert.deepEqual(context, expected, JSON.stringify([text, response]));
          }
        });
      }
    } finally {
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
