/** One of the runs of step-memory.ts: prints `{ kept, peak }` in bytes. Argument: the run as JSON. */
import { STEP_MODELS, type StepRun } from "@/lib/bench/step-memory.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import type { Weights } from "@/lib/models/weights.ts";
import type { LossSettings } from "@/lib/losses/mod.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { peakMemoryBytes } from "@/lib/trainers/metrics.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { useThreads } from "@/lib/trainers/threads.ts";

const { model, batch, length, checkpointing }: StepRun = JSON.parse(Deno.args[0]);
const config: DecoderConfig = {
  architecture: "llama",
  head_dim: 64,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 1e5,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
  ...STEP_MODELS[model],
};

useThreads(null);
const weights: Weights = {};
for (const [name, shape] of tensorShapes(config)) {
  weights[name] = tf.tidy(() =>
    shape.length === 1 ? tf.ones(shape) : tf.mul(tf.sin(tf.range(0, shape[0] * shape[1])), 0.02)
      .reshape(shape)
  );
}
const numbers = Object.values(weights).reduce((n, { size }) => n + size, 0);
const loss = { name: "sft", averageLogProb: true } as LossSettings;
const steps = new Steps(config, loss, "packed", "bf16", new Buckets(), checkpointing);
const optimizer = new Optimizer("AdamW", weights);
const UPDATES = 2;
for (let update = 1; update <= UPDATES; update++) {
  const pairs = Array.from({ length: batch }, (_, i) => {
    const ids = Int32Array.from(
      { length },
      (_, k) => (7919 * (k + 1) * (i + 1)) % config.vocab_size,
    );
    return { chosen: { ids, start: 1 } } as unknown as TokenizedPair;
  });
  const tensors = steps.place(pairs);
  const { gradients, norm, examples, logps, referenceLogps } = await steps.gradients(
    weights,
    tensors,
    { logps: null, weights: null, mismatched: null },
    1,
  );
  await optimizer.apply(weights, gradients, 1e-6, 1, update);
  tf.dispose([norm, logps, referenceLogps, ...Object.values(examples)]);
  disposeLayout(tensors);
}
console.log(JSON.stringify({ kept: 3 * 4 * numbers, peak: peakMemoryBytes() }));
Deno.exit(0);
