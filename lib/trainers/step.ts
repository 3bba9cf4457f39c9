/**
 * The traced functions of training: log-probs, losses and gradients of one micro-batch.
 *
 * @module
 */
import { jit, tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, pairLoss, sftLoss } from "@/lib/losses/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import {
  layOut,
  type LayoutKind,
  type LayoutSizes,
  type LayoutTensors,
  layoutTensors,
  type ScoredSequence,
} from "@/lib/models/layout.ts";
import { sequenceLogps } from "@/lib/models/logps.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";

/** Per-example results, fp32 [examples] each. SFT has losses and chosen log-probs only. */
export interface ExampleTensors {
  losses: tf.Tensor1D;
  chosenLogps: tf.Tensor1D;
  rejectedLogps?: tf.Tensor1D;
  chosenRewards?: tf.Tensor1D;
  rejectedRewards?: tf.Tensor1D;
}

/** The same as numbers, one entry per example. */
export type ExampleResults = { [K in keyof ExampleTensors]: Float32Array };

/** Gradients of one micro-batch, and what the loss was. */
export interface StepResult {
  gradients: Weights;
  examples: ExampleTensors;
  /** Log-probs under the policy, [sequences]. */
  logps: tf.Tensor1D;
}

/** Losses and gradients of a model, for batches of any size. */
export class Steps {
  private readonly names: string[];
  private readonly train: ReturnType<Steps["makeTrain"]>;
  private readonly evaluate: ReturnType<Steps["makeEvaluate"]>;
  private readonly score: ReturnType<Steps["makeScore"]>;

  constructor(
    private readonly config: DecoderConfig,
    weights: Weights,
    private readonly loss: LossSettings,
    private readonly layout: LayoutKind,
    private readonly precision: Precision,
    private readonly buckets: Buckets,
  ) {
    this.names = Object.keys(weights);
    this.train = this.makeTrain();
    this.evaluate = this.makeEvaluate();
    this.score = this.makeScore();
  }

  /**
   * Gradient of the mean loss of a micro-batch times `scale`.
   * @param referenceLogps [sequences]; none for SFT
   */
  async gradients(
    weights: Weights,
    batch: LayoutTensors,
    referenceLogps: tf.Tensor1D | null,
    scale: number,
  ): Promise<StepResult> {
    return await this.train.async(weights, batch, referenceLogps, scale);
  }

  /** Losses without gradients. */
  async losses(
    weights: Weights,
    batch: LayoutTensors,
    referenceLogps: tf.Tensor1D | null,
  ): Promise<ExampleTensors> {
    return await this.evaluate.async(weights, batch, referenceLogps);
  }

  /** Summed log-probs of every sequence of the batch, [sequences]. */
  async logps(weights: Weights, batch: LayoutTensors): Promise<tf.Tensor1D> {
    return await this.score.async(weights, batch);
  }

  /** Pairs as tensors: chosen sequences first, then, for pair losses, the rejected ones. */
  place(pairs: TokenizedPair[]): LayoutTensors {
    const sequences = this.sequencesOf(pairs);
    const fit = (needed: LayoutSizes) => this.buckets.fit(this.groupOf(sequences), needed);
    return layoutTensors(layOut(sequences, this.layout, fit), this.config);
  }

  /** Settles the shapes of batches that are known beforehand, all of the same number of pairs. */
  plan(batches: TokenizedPair[][]): void {
    if (batches.length === 0) return;
    const needs: LayoutSizes[] = [];
    for (const pairs of batches) {
      layOut(this.sequencesOf(pairs), this.layout, (needed) => {
        needs.push(needed);
        return needed;
      });
    }
    this.buckets.plan(this.groupOf(this.sequencesOf(batches[0])), needs);
  }

  private sequencesOf(pairs: TokenizedPair[]): ScoredSequence[] {
    const chosen = pairs.map((p) => p.chosen);
    return this.loss.name === "sft" ? chosen : [...chosen, ...pairs.map((p) => p.rejected)];
  }

  private groupOf(sequences: ScoredSequence[]): string {
    return `${this.layout} ${sequences.length}`;
  }

  dispose(): void {
    [this.train, this.evaluate, this.score].forEach((f) => f.dispose());
  }

  private makeTrain() {
    return jit(
      (
        weights: Weights,
        batch: LayoutTensors,
        referenceLogps: tf.Tensor1D | null,
        scale: number,
      ) => {
        let examples: ExampleTensors | undefined, logps: tf.Tensor1D | undefined;
        const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
          const named = Object.fromEntries(this.names.map((name, i) => [name, values[i]]));
          logps = tf.keep(sequenceLogps(this.config, named, batch, this.precision));
          examples = this.lossesOf(logps, referenceLogps);
          Object.values(examples).forEach((t) => tf.keep(t));
          return tf.mul(tf.mean(examples.losses), scale) as tf.Scalar;
        })(this.names.map((name) => weights[name]));
        const gradients = Object.fromEntries(this.names.map((name, i) => [name, grads[i]]));
        return { gradients, examples: examples!, logps: logps! } as StepResult;
      },
      { name: `${this.loss.name}_gradients` },
    );
  }

  private makeEvaluate() {
    return jit(
      (weights: Weights, batch: LayoutTensors, referenceLogps: tf.Tensor1D | null) =>
        this.lossesOf(sequenceLogps(this.config, weights, batch, this.precision), referenceLogps),
      {
        name: `${this.loss.name}_losses`,
      },
    );
  }

  private makeScore() {
    return jit(
      (weights: Weights, batch: LayoutTensors) =>
        sequenceLogps(this.config, weights, batch, this.precision),
      { name: "logps" },
    );
  }

  private lossesOf(logps: tf.Tensor1D, referenceLogps: tf.Tensor1D | null): ExampleTensors {
    if (this.loss.name === "sft") return { losses: sftLoss(logps), chosenLogps: logps };
    const [policyChosenLogps, policyRejectedLogps] = tf.split(logps, 2) as tf.Tensor1D[];
    const [referenceChosenLogps, referenceRejectedLogps] = tf.split(
      referenceLogps ?? tf.zerosLike(logps),
      2,
    ) as tf.Tensor1D[];
    const result = pairLoss(
      { policyChosenLogps, policyRejectedLogps, referenceChosenLogps, referenceRejectedLogps },
      this.loss,
    );
    return { ...result, chosenLogps: policyChosenLogps, rejectedLogps: policyRejectedLogps };
  }
}

/** Tensors of results as numbers; the tensors are disposed. */
export function readResults(tensors: ExampleTensors): ExampleResults {
  const results = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]),
  );
  tf.dispose(Object.values(tensors));
  return results as unknown as ExampleResults;
}
