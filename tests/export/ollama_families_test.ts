/** Small models of every family in a real Ollama: it goes on with PyTorch's greedy tokens. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Ollama } from "ollama";
import { createOllamaModel } from "@/lib/export/ollama-create.ts";
import { PLAIN_TEMPLATE } from "@/lib/export/ollama-template.ts";
import { policyOf } from "@/lib/models/export.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import { openModel } from "@/lib/models/source.ts";
import { createTokenizer } from "@/lib/models/tokenizer.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import { asLlamaCpp, STORED } from "@/tests/models/family-gguf.ts";
import { type FamilyGolden, writeGoldenFolder } from "@/tests/models/family-goldens.ts";

const program = ollamaServerPath();

/** One letter for each token, so that a text says which tokens it is of. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const EOS = 2;

/** What Ollama 0.6.5 does not run whoever wrote the file, and why. */
const NOT_RUN: Record<string, string> = {
  qwen3: "it does not know the architecture",
  gemma2: "it ends unless the model has as many layers as one of Google's",
  gemma3_text: "it reads SentencePiece vocabularies alone for it",
};

Deno.test({
  name: "a real Ollama computes every family as PyTorch does",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir(), ollama = await startOllama(program!, folder);
    for (const [family, why] of Object.entries(NOT_RUN)) {
      console.log(`${family} is left out: ${why}`);
    }
    const { host } = ollama, client = new Ollama({ host });
    try {
      for (const [family, golden] of STORED.filter(([family]) => !(family in NOT_RUN))) {
        await t.step(family, async () => {
          const path = join(folder, `${family}.gguf`), model = family;
          await saveSpelled(path, join(folder, family), asLlamaCpp(family, golden));
          await createOllamaModel({ name: model, host, path, template: PLAIN_TEMPLATE });
          for (const { prompt, next } of continuations(golden)) {
            const { response } = await client.generate({
              model,
              prompt: spell(prompt),
              options: {
                temperature: 0,
                repeat_penalty: 1,
                num_ctx: 64,
                num_predict: next.length,
                num_thread: 1,
              },
            });
            assert.equal(response, spell(next), spell(prompt));
          }
        });
      }
    } finally {
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** What PyTorch computed: the best token after the first ones of `ids`, and, where there is no window, a longer text. */
function continuations({ ids, logits, greedy, config }: FamilyGolden) {
  const best = (row: number[]) => row.indexOf(Math.max(...row));
  const one = [2, 4, 6].map((length) => ({
    prompt: ids.slice(0, length),
    next: [best(logits[length - 1])],
  }));
  // llama.cpp lets these families' tokens see all before them.
  if (config.sliding_window) {
    assert.ok(config.sliding_window as number >= 6);
    return one;
  }
  return [...one, { prompt: ids.slice(0, greedy.from), next: greedy.ids }];
}

/** A text of one letter for each token, up to the end. */
function spell(ids: number[]): string {
  const end = ids.indexOf(EOS);
  return ids.slice(0, end < 0 ? undefined : end).map((id) => LETTERS[id]).join("");
}

async function saveSpelled(path: string, folder: string, golden: FamilyGolden): Promise<void> {
  await Deno.mkdir(folder);
  writeGoldenFolder(folder, golden);
  const source = await openModel(folder);
  try {
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
    const vocab = Object.fromEntries(
      [...LETTERS].map((letter, id) => [id === EOS ? "<end>" : letter, id]),
    );
    const tokenizer = createTokenizer({
      tokenizerJson: {
        added_tokens: [{ id: EOS, content: "<end>", special: true }],
        model: { type: "BPE", vocab, merges: [] },
        normalizer: null,
        pre_tokenizer: byteLevel,
        post_processor: null,
        decoder: byteLevel,
      },
      tokenizerConfig: { eos_token: "<end>" },
      where: path,
    });
    await saveGguf(path, { ...policyOf(source), tokenizer }, { type: "f32", name: "small" });
  } finally {
    source.close();
  }
}
