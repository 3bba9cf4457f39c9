/** SmolLM2 in a real Ollama: greedy text, of its own quantised file and of F16. */
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { createOllamaModel } from "@/lib/export/ollama-create.ts";
import { PLAIN_TEMPLATE } from "@/lib/export/ollama-template.ts";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits } from "@/lib/models/logps.ts";
import { sample } from "@/lib/models/sampling.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { loadWeights, type Weights } from "@/lib/models/weights.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import { exportSmollm2 } from "./smollm2-in-ollama.ts";

const program = ollamaServerPath();

/** Tokens of each text, and how many texts have to be equal where the server computes with the weights' own values. */
const TOKENS = 32, AT_LEAST = 8;
/**
 * ggml multiplies Q4_1 weights by inputs that it rounds to 8 bits, where we dequantise the weights and round nothing:
 * texts may part, but only at two tokens whose logits are closer than what that rounding moves them.
 */
const QUANTISED_GAP = 0.5;

/** As the server's own penalty and threads are set in ollama_test.ts. */
const OPTIONS = { temperature: 0, repeat_penalty: 1, num_ctx: 512, num_thread: 1 };

const PROMPTS = [
  'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n    ',
  "import math\n\ndef area(radius):\n    return",
  "# Sort a list of 100 numbers with quicksort\ndef quicksort(",
  "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n",
  "def is_palindrome(text):\n    return",
  "function add(a, b) {\n",
  "SELECT name, COUNT(*) FROM users WHERE",
  "The capital of France is",
  "for i in range(10):\n    print(",
  "const numbers = [1, 2, 3];\nconst doubled = numbers.map(",
];

Deno.test({
  name: "a real Ollama writes our greedy text, from F16 and from the quantised file itself",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const ollama = await startOllama(program!, folder), { host } = ollama;
    const source = await openModel("smollm2");
    try {
      const client = new Ollama({ host });
      await exportSmollm2(host, "f16");
      const own = { name: "own", host, path: source.path, template: PLAIN_TEMPLATE };
      await createOllamaModel(own);

      const weights = await loadWeights(source);
      const expected = await greedy(source, weights);
      for (const model of ["f16", "own"]) {
        await t.step(`greedy text of ${PROMPTS.length} prompts, ${model}`, async () => {
          let equal = 0;
          for (const [i, prompt] of PROMPTS.entries()) {
            const { response = "" } = await client.generate({
              model,
              prompt,
              options: { ...OPTIONS, num_predict: TOKENS },
            });
            const ids = expected[i], text = source.tokenizer.decode(ids);
            if (response === text) {
              equal++;
              continue;
            }
            const { token, gap } = firstDifference(source, weights, prompt, ids, response);
            if (model === "own") assert.ok(gap < QUANTISED_GAP, `${prompt}: ${gap}`);
            console.log(
              `${model}: token ${token} after ${
                JSON.stringify(prompt)
              } differs; the two best logits are ${gap} apart`,
            );
          }
          console.log(`${model}: ${equal} of ${PROMPTS.length} texts are equal`);
          if (model === "f16") assert.ok(equal >= AT_LEAST);
        });
      }
      tf.dispose(weights);
    } finally {
      source.close();
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Our own tokens after each prompt; an end is a token like another. */
async function greedy({ config, tokenizer }: ModelSource, weights: Weights): Promise<number[][]> {
  const requests = PROMPTS.map((prompt) => ({
    ids: tokenizer.encode(prompt),
    maxNewTokens: TOKENS,
    temperature: 0,
    topP: 1,
    seed: 0,
  }));
  const samples = await sample(config, weights, "fp32", requests, { eosId: tokenizer.eosId });
  return samples.map(({ ids }) => ids);
}

/** Where another text leaves ours, and how far our two best logits are apart there. */
function firstDifference(
  { config, tokenizer }: ModelSource,
  weights: Weights,
  prompt: string,
  ids: number[],
  other: string,
): { token: number; gap: number } {
  const token = ids.findIndex((_, i) => !other.startsWith(tokenizer.decode(ids.slice(0, i + 1))));
  const before = [...tokenizer.encode(prompt), ...ids.slice(0, token)];
  const [best, second] = tf.tidy(() => {
    const layout = layoutTensors(layOut([{ ids: before, start: before.length }], "padded"), config);
    const logits = tf.slice(
      allLogits(config, weights, layout, "fp32"),
      [before.length - 1, 0],
      [1, -1],
    );
    return tf.topk(logits, 2).values.dataSync();
  });
  return { token, gap: best - second };
}
