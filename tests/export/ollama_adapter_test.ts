/** A run's adapters on its base in a real Ollama: it continues prompts as the merged model does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Ollama } from "ollama";
import { InputError } from "@/lib/errors.ts";
import { exportModel, type ExportOptions } from "@/lib/export/export-model.ts";
import { policyOf } from "@/lib/models/export.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import { openModel } from "@/lib/models/source.ts";
import { ollamaServerPath } from "@/lib/setup/ollama-server.ts";
import { startOllama } from "@/tests/generation/real-ollama.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import { tinyRun } from "@/tests/trainers/tiny-run.ts";
import { trainProcess } from "@/tests/trainers/train-process.ts";

const program = ollamaServerPath();

/** Heads of the sizes that ggml's kernels take. */
const SIZES = {
  hidden_size: 64,
  intermediate_size: 128,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
};
const LORA = {
  "lora.r": 4,
  "lora.alpha": 32,
  "lora.targets": "[q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj]",
};
const OPTIONS = { temperature: 0, repeat_penalty: 1, num_ctx: 256, num_thread: 1, num_predict: 16 };
const PROMPTS = ["def add(a, b):", "import os", "x = 1", "The"];

Deno.test({
  name: "a real Ollama puts adapters on the base and continues as the merged model does",
  ignore: !program,
  async fn(t) {
    const folder = await Deno.makeTempDir(), ollama = await startOllama(program!, folder);
    const { host } = ollama, client = new Ollama({ host });
    const exported = (options: Partial<ExportOptions>) =>
      exportModel({
        format: "ollama",
        out: "x",
        type: "f32",
        lora: "merged",
        promptFormat: "plain",
        host,
        log: () => {},
        ...options,
      });
    const continued = async (model: string): Promise<(number[] | undefined)[]> => {
      const all = [];
      for (const prompt of PROMPTS) {
        all.push((await client.generate({ model, prompt, options: OPTIONS })).context);
      }
      return all;
    };
    try {
      const tiny = join(folder, "tiny"), gguf = join(folder, "base.gguf");
      await saveTinyModel(tiny, SIZES);
      const source = await openModel(tiny);
      await saveGguf(gguf, policyOf(source), { type: "f32", name: "base" });
      source.close();
      await exported({ model: tiny, out: "base" });
      for (const [name, model] of [["a folder", tiny], ["a GGUF file", gguf]]) {
        await t.step(`trained on ${name}`, async () => {
          const run = join(folder, `run-${name.replaceAll(" ", "-")}`);
          const { code, stderr } = await trainProcess({
            ...tinyRun(folder),
            ...LORA,
            model,
            local_run_dir: run,
            n_examples: 20,
            lr: 3e-2,
            save_every: 20,
            do_first_eval: false,
          });
          assert.equal(code, 0, stderr);
          await exported({ run, out: "merged" });
          await exported({ run, out: "adapter", lora: "adapter" });
          const merged = await continued("merged");
          assert.deepEqual(await continued("adapter"), merged);
          assert.notDeepEqual(await continued("base"), merged, "the adapters change something");
          const file = join(folder, `${name.replaceAll(" ", "-")}.gguf`);
          await exported({ run, format: "gguf", out: file, lora: "adapter" });
          await assert.rejects(
            exported({ run, format: "gguf", out: join(folder, "x.bin"), lora: "adapter" }),
            InputError,
          );
        });
      }
    } finally {
      await ollama.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
