/**
 * Log-probs of preference pairs under a model, one line per pair: the way to check this project's numbers
 * against another implementation. Nothing is ever truncated.
 *
 * @module
 */
import { jsonLines } from "@/lib/datasets/jsonl.ts";
import { type PromptFormat, tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { preferenceRow } from "@/lib/datasets/rows.ts";
import { InputError } from "@/lib/errors.ts";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { sequenceLogps } from "@/lib/models/logps.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadWeights, type Weights } from "@/lib/models/weights.ts";
import type { LayoutTensors } from "@/lib/models/layout.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

export interface LogpsOptions {
  model: string;
  /** JSONL with prompt, chosen and rejected. */
  data: string;
  out: string;
  precision: Precision;
  promptFormat: PromptFormat;
  batchSize: number;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** One line of the output. Log-probs are sums over `ids[start…]`, the closing EOS included. */
interface LogpsLine {
  chosen_logps: number;
  rejected_logps: number;
  chosen_ids: number[];
  rejected_ids: number[];
  chosen_start: number;
  rejected_start: number;
}

/**
 * Scores every pair of `data` and writes `out`, which appears only when it is whole.
 * @throws InputError when a line is broken, or a sequence is longer than the model allows
 */
export async function writeLogps(options: LogpsOptions): Promise<{ pairs: number }> {
  const source = await openModel(options.model);
  try {
    const limit = source.config.max_position_embeddings;
    const pairs: TokenizedPair[] = [];
    for await (const { value, line } of jsonLines(options.data)) {
      const place = `${options.data} line ${line}`;
      const pair = tokenizePair(source.tokenizer, preferenceRow(value, place), {
        maxLength: Number.MAX_SAFE_INTEGER,
        maxPromptLength: Number.MAX_SAFE_INTEGER - 1,
        promptFormat: options.promptFormat,
      });
      const longest = Math.max(pair.chosen.ids.length, pair.rejected.ids.length);
      if (longest > limit) {
        throw new InputError(
          `${place}: ${longest} tokens are more than the ${limit} that ${source.name} was made for.`,
        );
      }
      pairs.push(pair);
    }
    if (pairs.length === 0) throw new InputError(`${options.data} holds no pairs.`);
    const weights = await loadWeights(source);
    const score = jit(
      (weights: Weights, batch: LayoutTensors) =>
        sequenceLogps(source.config, weights, batch, options.precision),
      { name: "logps" },
    );
    const lines: LogpsLine[] = [];
    for (let at = 0; at < pairs.length; at += options.batchSize) {
      options.signal?.throwIfAborted();
      const batch = pairs.slice(at, at + options.batchSize);
      const sequences = [...batch.map((p) => p.chosen), ...batch.map((p) => p.rejected)];
      const logps = await score.async(
        weights,
        layoutTensors(layOut(sequences, "packed"), source.config),
      );
      const values = logps.dataSync();
      batch.forEach(({ chosen, rejected }, i) =>
        lines.push({
          chosen_logps: values[i],
          rejected_logps: values[batch.length + i],
          chosen_ids: chosen.ids,
          rejected_ids: rejected.ids,
          chosen_start: chosen.start,
          rejected_start: rejected.start,
        })
      );
      options.onProgress?.(lines.length, pairs.length);
    }
    await writeFileWhole(options.out, lines.map((line) => JSON.stringify(line) + "\n").join(""));
    tf.dispose(weights);
    return { pairs: lines.length };
  } finally {
    source.close();
  }
}
