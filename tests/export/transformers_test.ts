/** Exported models as transformers loads them (tests/oracles): the same tokens, the same logits. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits } from "@/lib/models/logps.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadWeights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";
import golden from "@/tests/fixtures/oracles/export.json" with { type: "json" };

Deno.test("transformers computes our logits from an exported folder and from an exported GGUF, to 1e-4", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const { tokenizer, config, ...source } = await openModel(join(folder, "tiny"));
    const weights = await loadWeights({ tokenizer, config, ...source });
    source.close();
    assert.deepEqual(tokenizer.encode(golden.text), golden.ids);
    const n = golden.ids.length;
    const layout = layoutTensors(layOut([{ ids: golden.ids, start: n }], "padded"), config);
    tf.tidy(() => {
      const logits = tf.slice(allLogits(config, weights, layout, "fp32"), [0, 0], [n, -1]);
      const columns = tf.gather(logits, tf.tensor1d(golden.columns, "int32"), 1).dataSync();
      const sums = tf.logSumExp(logits, -1).dataSync();
      for (
        const [what, { at_columns, logsumexp }] of Object.entries({
          folder: golden.folder,
          gguf: golden.gguf,
        })
      ) {
        const close = (found: ArrayLike<number>, expected: number[]) =>
          expected.forEach((value, i) =>
            assert.ok(Math.abs(found[i] - value) < 1e-4, `${what} ${i}: ${found[i]}, ${value}`)
          );
        close(columns, at_columns.flat());
        close(sums, logsumexp);
      }
    });
    tf.dispose(weights);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
