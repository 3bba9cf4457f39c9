/**
 * Log-probs of preference pairs under the reference: computed once, before training, and kept on disk, so that the
 * reference is not in memory while the policy is trained, and not computed again in later epochs and runs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";
import type { OnProgress } from "@/lib/progress.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";
import type { Steps } from "@/lib/trainers/step.ts";

/** Summed log-probs of the two responses. */
type PairLogps = [chosen: number, rejected: number];

/**
 * What one reference says of pairs. The file has a line per pair, `{"ids": digest, "logps": [chosen, rejected]}`,
 * named by the model, the precision and what tokens count; pairs are known by their token ids, so that neither format nor truncation
 * nor dataset can be mistaken for another.
 */
export class ReferenceLogps {
  private readonly known = new Map<string, PairLogps>();

  private constructor(private readonly path: string) {
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return;
    }
    // What follows the last line break was cut off by an interruption.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) Deno.truncateSync(path, new TextEncoder().encode(whole).length);
    for (const line of whole.split("\n")) {
      if (line === "") continue;
      const { ids, logps } = JSON.parse(line) as { ids: string; logps: PairLogps };
      this.known.set(ids, logps);
    }
  }

  /**
   * What is known already.
   * @param folder where the files are
   * @param digest of the reference model
   * @param ldAlpha the loss's weight of tokens beyond the shorter response, with which the sums differ
   */
  static open(
    folder: string,
    digest: string,
    precision: Precision,
    ldAlpha: number | null = null,
  ): ReferenceLogps {
    const name = `${digest.replace(/\W/g, "-")}-${precision}`;
    return new ReferenceLogps(
      join(folder, `${name}${ldAlpha === null ? "" : `-ld${ldAlpha}`}.jsonl`),
    );
  }

  /** Those of `pairs` that are not known yet, each once. */
  missing(pairs: TokenizedPair[]): TokenizedPair[] {
    const found = new Map<string, TokenizedPair>();
    for (const pair of pairs) {
      const key = idsKey(pair);
      if (!this.known.has(key)) found.set(key, pair);
    }
    return [...found.values()];
  }

  /** Makes all processes know what the first one knows: files may differ, or grow, while they are read. */
  async share(pairs: TokenizedPair[], parallelism: Parallelism): Promise<void> {
    const { world, rank } = parallelism;
    if (world === 1) return;
    const keys = [...new Set(pairs.map(idsKey))];
    const told = keys.flatMap((key) => {
      const logps = rank === 0 ? this.known.get(key) : undefined;
      return logps ? [1, ...logps] : [0, 0, 0];
    });
    const shared = await parallelism.agree(told);
    this.known.clear();
    keys.forEach((key, i) => {
      const [is, chosen, rejected] = shared.slice(3 * i, 3 * i + 3);
      if (is) this.known.set(key, [chosen, rejected]);
    });
  }

  /**
   * Takes note of one batch's log-probs.
   * @param onDisk too
   */
  add(pairs: TokenizedPair[], logps: PairLogps[], onDisk = true): void {
    const lines = pairs.map((pair, i) => {
      const ids = idsKey(pair);
      this.known.set(ids, logps[i]);
      return JSON.stringify({ ids, logps: logps[i] }) + "\n";
    });
    if (!onDisk) return;
    Deno.mkdirSync(dirname(this.path), { recursive: true });
    using file = Deno.openSync(this.path, { append: true, create: true });
    file.writeSync(new TextEncoder().encode(lines.join("")));
    file.syncSync();
  }

  /** fp32 [2·pairs], chosen first, as {@link Steps} orders sequences. */
  of(pairs: TokenizedPair[]): tf.Tensor1D {
    const logps = pairs.map((pair) => this.known.get(idsKey(pair))!);
    return tf.tensor1d([...logps.map(([chosen]) => chosen), ...logps.map(([, r]) => r)]);
  }
}

/**
 * Computes log-probs that the cache does not have yet, a batch of similar lengths at a time.
 * @param missing what {@link ReferenceLogps.missing} told
 * @param steps made for these weights, with shapes of its own
 */
export async function computeReference(
  cache: ReferenceLogps,
  missing: TokenizedPair[],
  batchSize: number,
  steps: Steps,
  weights: Weights,
  parallelism: Parallelism,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const length = ({ chosen, rejected }: TokenizedPair) => chosen.ids.length + rejected.ids.length;
  const waiting = missing.toSorted((a, b) => length(b) - length(a));
  const { batchShares, rank } = parallelism;
  const batches = Array.from(
    { length: Math.ceil(waiting.length / batchSize) },
    (_, i) => waiting.slice(i * batchSize, (i + 1) * batchSize),
  );
  const filled = (batch: TokenizedPair[]) => [
    ...batch,
    ...Array((batchShares - batch.length % batchShares) % batchShares).fill(batch[0]),
  ];
  steps.plan(
    batches.filter((batch) => batch.length === batchSize).map(filled),
    batches.length,
  );
  for (const [i, batch] of batches.entries()) {
    const [aborted] = await parallelism.agree([Number(signal.aborted)]);
    if (aborted > 0) throw signal.reason ?? new DOMException("Interrupted.", "AbortError");
    const own = steps.own(filled(batch)), tensors = steps.place(own);
    const result = await steps.logps(weights, tensors), values = result.dataSync();
    // Each process's chosen ones come before its rejected ones.
    const at = (k: number) => k + own.length * Math.floor(k / own.length);
    const logps = batch.map((_, k): PairLogps => [values[at(k)], values[at(k) + own.length]]);
    cache.add(batch, logps, rank === 0);
    result.dispose();
    disposeLayout(tensors);
    onProgress(i * batchSize + batch.length, waiting.length);
  }
}

const idsKey = ({ chosen, rejected }: TokenizedPair): string =>
  createHash("sha256").update(JSON.stringify([
    [...chosen.ids],
    chosen.start,
    [...rejected.ids],
    rejected.start,
  ])).digest("base64url");
