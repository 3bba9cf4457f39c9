/**
 * The traced functions of training: log-probs, losses and gradients of one micro-batch.
 *
 * @module
 */
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, needsMismatched, pairLoss, sftLoss } from "@/lib/losses/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import {
  layOut,
  type LayoutKind,
  type LayoutSizes,
  type LayoutTensors,
  layoutTensors,
  neededSizes,
  type ScoredSequence,
  type Scoring,
} from "@/lib/models/layout.ts";
import { embedTokens } from "@/lib/models/decoder.ts";
import { tokenScores } from "@/lib/models/logps.ts";
import type { LoraSettings } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { EMBEDDING, isTied, type Weights } from "@/lib/models/weights.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { withEmbeddingGradient } from "@/lib/trainers/gradients.ts";
import {
  lengthWeights,
  mismatchedPairs,
  pairBatch,
  scoresPrompts,
  type SegmentScores,
  segmentScores,
} from "@/lib/trainers/loss-batch.ts";
import { ALONE, type Parallelism } from "@/lib/trainers/parallelism.ts";
import type { ExampleTensors } from "@/lib/trainers/example-results.ts";
import { type StepShape, stepShape } from "@/lib/trainers/step-shapes.ts";

/**
 * What the reference says of a batch: its log-probs [sequences] where they are known, else its weights. Neither for
 * SFT and for losses without a reference.
 */
export interface Reference {
  logps: tf.Tensor1D | null;
  weights: Weights | null;
  /** For losses that compare with responses to other prompts: {@link Steps.placeMismatched}; they need the weights. */
  mismatched?: LayoutTensors | null;
}

/** Gradients of one micro-batch, and what the loss was. */
export interface StepResult {
  /** fp32, or in the precision of the products as these gave them. */
  gradients: Weights;
  /** Norm of all gradients together: fp32 scalar. */
  norm: tf.Tensor;
  examples: ExampleTensors;
  /** Log-probs under the policy, [sequences]. */
  logps: tf.Tensor1D;
  /** Log-probs under the reference, [sequences]; zeros without one. */
  referenceLogps: tf.Tensor1D;
}

/** What stays as it is while LoRA's adapters are trained. */
export interface Frozen {
  base: Weights;
  settings: LoraSettings;
  /** Two int32 that dropout depends on; none in evaluations. */
  dropoutSeed: tf.Tensor | null;
}

/**
 * Losses and gradients of a model, for batches of any size. `weights` are those that are trained: the model's, or
 * with LoRA the adapters, which go with a frozen base.
 */
export class Steps {
  /** Of what this process computes. */
  private readonly config: DecoderConfig;
  private readonly scoring: Scoring;
  private readonly train: ReturnType<Steps["makeTrain"]>;
  private readonly evaluate: ReturnType<Steps["makeEvaluate"]>;
  private readonly score: ReturnType<Steps["makeScore"]>;
  /** Told before a function is traced and compiled. */
  onTrace: () => void = () => {};

  constructor(
    config: DecoderConfig,
    private readonly loss: LossSettings,
    private readonly layout: LayoutKind,
    private readonly precision: Precision,
    private readonly buckets: Buckets,
    private readonly checkpointing = false,
    private readonly parallelism: Parallelism = ALONE,
  ) {
    this.config = parallelism.localConfig(config);
    this.scoring = { prompts: scoresPrompts(loss) };
    this.train = this.makeTrain();
    this.evaluate = this.makeEvaluate();
    this.score = this.makeScore();
  }

  /**
   * Gradient of the mean loss of a micro-batch times `scale`. Reference and policy run beside each other.
   */
  async gradients(
    weights: Weights,
    batch: LayoutTensors,
    reference: Reference,
    scale: number,
    frozen: Frozen | null = null,
  ): Promise<StepResult> {
    return await this.train.async(weights, batch, reference, scale, frozen);
  }

  /** Losses without gradients, and the reference's log-probs. */
  async losses(
    weights: Weights,
    batch: LayoutTensors,
    reference: Reference,
    frozen: Frozen | null = null,
  ): Promise<{ examples: ExampleTensors; referenceLogps: tf.Tensor1D }> {
    return await this.evaluate.async(weights, batch, reference, frozen);
  }

  /**
   * Summed log-probs of every sequence of the batch under a model without adapters, [sequences]; those of all
   * processes' batches by rank.
   */
  async logps(weights: Weights, batch: LayoutTensors): Promise<tf.Tensor1D> {
    return await this.score.async(weights, batch);
  }

  /** Pairs as tensors: chosen sequences first, then, for pair losses, the rejected ones. */
  place(pairs: TokenizedPair[]): LayoutTensors {
    return this.placeSequences(this.sequencesOf(pairs));
  }

  /** Each prompt with responses to another prompt of the batch; null where the loss does not ask for them. */
  placeMismatched(pairs: TokenizedPair[]): LayoutTensors | null {
    return needsMismatched(this.loss)
      ? this.placeSequences(this.sequencesOf(this.mismatched(pairs)))
      : null;
  }

  private mismatched(pairs: TokenizedPair[]): TokenizedPair[] {
    return mismatchedPairs(pairs, this.config.max_position_embeddings);
  }

  private placeSequences(sequences: ScoredSequence[]): LayoutTensors {
    const group = this.groupOf(sequences.length);
    const fit = (needed: LayoutSizes) => this.buckets.fit(group, needed);
    const layout = layOut(sequences, this.layout, fit, this.scoring);
    const alpha = this.loss.ldAlpha ?? null;
    const weights = alpha === null ? undefined : lengthWeights(layout, alpha);
    return layoutTensors({ ...layout, weights }, this.config);
  }

  /**
   * Settles the shapes of batches that are known beforehand, all of the same number of pairs.
   * @param count how many there will be in all
   */
  plan(batches: TokenizedPair[][], count: number): void {
    if (batches.length === 0) return;
    const shares = batches.flatMap((pairs) => this.parallelism.shares(pairs))
      .map((pairs) => this.sequencesOf(pairs));
    const needs = shares.map((own) => neededSizes(own, this.layout, this.scoring));
    this.buckets.plan(
      this.groupOf(shares[0].length),
      needs,
      count * shares.length / batches.length,
    );
  }

  /** Shapes that are settled for batches of so many pairs, of one process. */
  shapes(pairs: number): StepShape[] {
    const sequences = this.loss.name === "sft" ? pairs : 2 * pairs;
    const known = this.buckets.known[this.groupOf(sequences)] ?? [];
    return known.map((sizes) => stepShape(this.layout, sequences, sizes));
  }

  /** Among how many processes a batch is divided. */
  get batchShares(): number {
    return this.parallelism.batchShares;
  }

  /** How often a function has been traced, once for each new shape; a step that does is slow. */
  get traces(): number {
    return this.train.traces + this.evaluate.traces + this.score.traces;
  }

  private sequencesOf(pairs: TokenizedPair[]): ScoredSequence[] {
    const chosen = pairs.map((p) => p.chosen);
    return this.loss.name === "sft" ? chosen : [...chosen, ...pairs.map((p) => p.rejected)];
  }

  private groupOf(sequences: number): string {
    return `${this.layout} ${sequences}`;
  }

  dispose(): void {
    [this.train, this.evaluate, this.score].forEach((f) => f.dispose());
  }

  private makeTrain() {
    const { parallelism } = this;
    const body = (
      kept: Weights,
      batch: LayoutTensors,
      reference: Reference,
      scale: number,
      frozen: Frozen | null,
    ) => {
      const weights = parallelism.open(kept);
      // What is looked up in the embedding table has a gradient of its own, row by row.
      const names = Object.keys(weights).filter((name) => name !== EMBEDDING || isTied(weights));
      let examples: ExampleTensors | undefined, scores: SegmentScores | undefined;
      const referenceLogps = this.referenceLogps(batch, reference);
      const mismatched = this.mismatchedRatios(kept, reference, frozen);
      const embedded = frozen ? [] : [embedTokens(weights, batch.ids_N, parallelism.share)];
      const { grads } = tf.valueAndGrads(
        (...inputs: tf.Tensor[]) => {
          const [rows_NC] = inputs.slice(0, embedded.length);
          const values = inputs.slice(embedded.length);
          const named = {
            ...weights,
            ...Object.fromEntries(names.map((name, i) => [name, values[i]])),
          };
          scores = this.policyScores(named, batch, frozen, this.checkpointing, rows_NC);
          tf.keep(scores.logps);
          examples = this.lossesOf(scores, referenceLogps, mismatched, batch);
          Object.values(examples).forEach((t) => tf.keep(t));
          return tf.mul(tf.mean(examples.losses), scale / parallelism.batchShares) as tf.Scalar;
        },
      )([...embedded, ...names.map((name) => weights[name])]);
      const rowGradients = grads.slice(0, embedded.length);
      const ofNames = grads.slice(embedded.length);
      const opened = Object.fromEntries(names.map((name, i) => [name, ofNames[i]]));
      for (const dRows_NC of rowGradients) {
        withEmbeddingGradient(opened, weights, batch.ids_N, dRows_NC, parallelism.share);
      }
      const gradients = parallelism.reduce(opened);
      const result: StepResult = {
        gradients,
        norm: parallelism.norm(gradients),
        examples: this.collected(examples!),
        logps: scores!.logps,
        referenceLogps,
      };
      return result;
    };
    return jit(
      (...args: Parameters<typeof body>) => this.traced(0, () => body(...args)),
      { name: `${this.loss.name}_gradients` },
    );
  }

  private makeEvaluate() {
    const { parallelism } = this;
    const body = (
      kept: Weights,
      batch: LayoutTensors,
      reference: Reference,
      frozen: Frozen | null,
    ) => {
      const referenceLogps = this.referenceLogps(batch, reference);
      const scores = this.policyScores(parallelism.open(kept), batch, frozen, false);
      const mismatched = this.mismatchedRatios(kept, reference, frozen);
      const examples = this.lossesOf(scores, referenceLogps, mismatched, batch);
      return { examples: this.collected(examples), referenceLogps };
    };
    return jit(
      (...args: Parameters<typeof body>) => this.traced(1, () => body(...args)),
      { name: `${this.loss.name}_losses` },
    );
  }

  /** @param rows_NC embeddings of the tokens, where their gradient is wanted */
  private policyScores(
    trained: Weights,
    batch: LayoutTensors,
    frozen: Frozen | null,
    checkpointing: boolean,
    rows_NC?: tf.Tensor,
  ): SegmentScores {
    const options = { rows_NC, checkpointing, collisions: this.loss.wpo, plan: this.parallelism };
    const adapters = frozen && { ...frozen, weights: trained };
    const model = frozen ? this.opened(frozen.base) : trained;
    const scores = tokenScores(this.config, model, batch, this.precision, {
      ...options,
      adapters,
    });
    return segmentScores(scores, batch);
  }

  private referenceLogps(batch: LayoutTensors, { logps, weights }: Reference): tf.Tensor1D {
    if (logps) return logps;
    return weights ? this.logpsOf(weights, batch) : tf.zeros([batch.sequences]);
  }

  /** How much likelier policy than reference finds responses to other prompts; no gradient goes through it. */
  private mismatchedRatios(
    kept: Weights,
    { mismatched, weights }: Reference,
    frozen: Frozen | null,
  ): tf.Tensor1D | undefined {
    if (!mismatched) return undefined;
    const steady = frozen && { ...frozen, dropoutSeed: null };
    const { logps } = this.policyScores(this.parallelism.open(kept), mismatched, steady, false);
    return tf.sub(logps, this.logpsOf(weights!, mismatched));
  }

  /** As the policy's are summed, so that the two can be compared. */
  private logpsOf(kept: Weights, batch: LayoutTensors): tf.Tensor1D {
    const { parallelism } = this;
    const { logps } = segmentScores(
      tokenScores(this.config, this.opened(kept), batch, this.precision, {
        plan: parallelism,
      }),
      batch,
    );
    return batch.segments === batch.sequences ? logps : tf.slice(logps, 0, batch.sequences);
  }

  /** What is computed with of a model without gradients of its own: the reference, or what adapters are on. */
  private opened(kept: Weights): Weights {
    return (this.parallelism.base ?? this.parallelism).open(kept);
  }

  private makeScore() {
    return jit(
      (weights: Weights, batch: LayoutTensors) =>
        this.traced(2, () => this.parallelism.collect(this.logpsOf(weights, batch))),
      { name: "logps" },
    );
  }

  private traced<R>(number: number, body: () => R): R {
    this.onTrace();
    return this.parallelism.numbered(number, body);
  }

  /** Of all processes' examples. */
  private collected(examples: ExampleTensors): ExampleTensors {
    return Object.fromEntries(
      Object.entries(examples).map(([name, values]) => [name, this.parallelism.collect(values)]),
    ) as unknown as ExampleTensors;
  }

  /** Norm of the whole model's gradient; a scalar. */
  norm(gradients: Weights): tf.Tensor {
    return this.parallelism.numbered(3, () => this.parallelism.norm(gradients));
  }

  /**
   * This process's share of the pairs of a batch. Shapes of the others' shares are settled too, so that all processes
   * know the same ones, whichever of them saves them.
   */
  own(pairs: TokenizedPair[]): TokenizedPair[] {
    const shares = this.parallelism.shares(pairs);
    if (shares.length === 1) return pairs;
    shares.forEach((share) => this.settle(share));
    return shares[this.parallelism.rank];
  }

  private settle(pairs: TokenizedPair[]): void {
    const needed = (sequences: ScoredSequence[]) =>
      this.buckets.fit(
        this.groupOf(sequences.length),
        neededSizes(sequences, this.layout, this.scoring),
      );
    needed(this.sequencesOf(pairs));
    if (needsMismatched(this.loss)) needed(this.sequencesOf(this.mismatched(pairs)));
  }

  private lossesOf(
    scores: SegmentScores,
    referenceLogps: tf.Tensor1D,
    mismatched: tf.Tensor1D | undefined,
    batch: LayoutTensors,
  ): ExampleTensors {
    const { loss } = this, { logps } = scores;
    if (loss.name === "sft") {
      const lengths = loss.averageLogProb ? batch.lengths : null;
      return { losses: sftLoss(logps, lengths), chosenLogps: logps };
    }
    const pairs = pairBatch(scores, referenceLogps, mismatched, batch);
    return {
      ...pairLoss(pairs, loss),
      chosenLogps: pairs.policyChosenLogps,
      rejectedLogps: pairs.policyRejectedLogps,
    };
  }
}
