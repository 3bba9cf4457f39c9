/**
 * What updates of random models take at their peak: by the number of tokens, with and without recomputation, and with
 * a large vocabulary.
 *
 * @module
 */
import { join } from "node:path";
import { markdownTable } from "@/lib/markdown.ts";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** One update of SFT in bf16 with AdamW, on sequences that are all scored. */
export interface StepRun {
  model: "SmolLM2-135M" | "Qwen2.5-0.5B";
  batch: number;
  length: number;
  checkpointing: boolean;
}

type Sizes = Pick<
  DecoderConfig,
  | "num_hidden_layers"
  | "hidden_size"
  | "intermediate_size"
  | "num_attention_heads"
  | "num_key_value_heads"
  | "vocab_size"
>;
/** Of both the head's width is 64 and the output projection is the embedding table. */
export const STEP_MODELS: Record<StepRun["model"], Sizes> = {
  "SmolLM2-135M": {
    num_hidden_layers: 30,
    hidden_size: 576,
    intermediate_size: 1536,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49_152,
  },
  "Qwen2.5-0.5B": {
    num_hidden_layers: 24,
    hidden_size: 896,
    intermediate_size: 4864,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151_936,
  },
};

const LENGTH = 512;
const smol = (batch: number, checkpointing: boolean): StepRun => ({
  model: "SmolLM2-135M",
  batch,
  length: LENGTH,
  checkpointing,
});
export const STEP_RUNS: readonly StepRun[] = [
  ...[2, 4, 6, 8].map((batch) => smol(batch, false)),
  ...[4, 8].map((batch) => smol(batch, true)),
  ...[false, true].map((checkpointing): StepRun => ({
    model: "Qwen2.5-0.5B",
    batch: 4,
    length: LENGTH,
    checkpointing,
  })),
];

/** A run with what it took, in bytes. */
export interface StepMemory extends StepRun {
  /** Weights and the optimiser's state. */
  kept: number;
  peak: number;
}

/** Measures each of {@link STEP_RUNS} in a process of its own. */
export async function measureStepMemory(
  { signal, onProgress, onMeasured }: {
    signal: AbortSignal;
    onProgress: OnProgress;
    onMeasured: (step: StepMemory) => void;
  },
): Promise<StepMemory[]> {
  const results: StepMemory[] = [];
  for (const [i, run] of STEP_RUNS.entries()) {
    onProgress(i, STEP_RUNS.length, `${run.model}, ${run.batch} × ${run.length} tokens`);
    const { lines: [{ value }] } = await measureProcess(Deno.execPath(), [
      ...["run", "--allow-all", join(PROJECT_ROOT, "lib", "bench", "step-memory-process.ts")],
      JSON.stringify(run),
    ], { signal });
    results.push({ ...run, ...value as Pick<StepMemory, "kept" | "peak"> });
    onMeasured(results.at(-1)!);
  }
  return results;
}

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2);
const tokens = ({ batch, length }: StepRun) => batch * length;

/** Bytes of each token more, by least squares, and what is there without any. */
export function growth(results: readonly StepMemory[]): { perToken: number; base: number } {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x = results.map(tokens), y = results.map(({ peak }) => peak), mx = mean(x), my = mean(y);
  const perToken = x.reduce((sum, xi, i) => sum + (xi - mx) * (y[i] - my), 0) /
    x.reduce((sum, xi) => sum + (xi - mx) ** 2, 0);
  return { perToken, base: my - perToken * mx };
}

/** The part of the page about memory. */
export function stepMemorySection(results: readonly StepMemory[]): string {
  const plain = results.filter(({ model, checkpointing }) =>
    model === "SmolLM2-135M" && !checkpointing
  );
  const { perToken, base } = growth(plain);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    "## Growth with tokens",
    `Two updates of SFT in bf16 with AdamW on random sequences of ${LENGTH} tokens that are all scored, each batch in ` +
    "a process of its own; of the models only the sizes are theirs. The line is a least-squares fit of SmolLM2-135M " +
    `without recomputation: ${gib(base)} GiB and ${
      (perToken / 2 ** 20).toFixed(2)
    } MiB for each token.`,
    markdownTable({
      head: [
        "model",
        "tokens",
        "recomputed",
        "weights and AdamW, GiB",
        "peak, GiB",
        "beside the line",
      ],
      rows: results.map((result) => {
        const { model, checkpointing, kept, peak } = result;
        const line = base + perToken * tokens(result);
        return [
          model,
          `${result.batch} × ${result.length}`,
          checkpointing ? "yes" : "no",
          gib(kept),
          gib(peak),
          model === "SmolLM2-135M" ? percent(peak / line - 1).replace("-", "−") : "",
        ];
      }),
    }),
  ].join("\n\n");
}
