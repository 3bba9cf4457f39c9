/**
 * A reference that follows the policy: TR-DPO, Gorbatovski et al. 2024 (arXiv 2404.09656).
 *
 * @module
 */
import { fused, tf } from "@/lib/tensorflow/mod.ts";
import { openSafetensors } from "@/lib/models/safetensors.ts";
import type { Weights } from "@/lib/models/weights.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";

/** How a reference follows. */
export interface ReferenceSync {
  /** Share α of the policy in the new reference; 1 replaces it (the paper's hard update). */
  mixupAlpha: number;
  /** After every so many updates, the paper's τ. */
  steps: number;
}

/** Makes of weights in fp32 what is computed with: tensors of their own. */
export type Freeze = (values: Weights) => Weights;

const mix = fused("mix_reference", (policy, reference, alpha) => [
  tf.add(tf.mul(policy, alpha), tf.mul(reference, tf.sub(1, alpha))),
]);

/** The reference's weights in fp32, or this process's part of them, and as a model that is not trained. */
export class MovingReference {
  /** As `freeze` made them; others after each {@link follow} that moved. */
  frozen: Weights;

  /** @param values of its own: it disposes them */
  constructor(
    readonly values: Weights,
    private readonly sync: ReferenceSync,
    private readonly freeze: Freeze,
  ) {
    this.frozen = freeze(values);
  }

  /** Reads what a checkpoint saved of {@link values}. */
  static async restore(
    path: string,
    like: Weights,
    sync: ReferenceSync,
    freeze: Freeze,
    parallelism: Parallelism,
  ): Promise<MovingReference> {
    const file = openSafetensors(path), values: Weights = {};
    try {
      const parts = parallelism.part(Object.keys(like), (name) => file.read(name));
      for await (const [name, own] of parts) values[name] = tf.tensor(own, like[name].shape);
      return new MovingReference(values, sync, freeze);
    } finally {
      file.close();
    }
  }

  /**
   * π_ref ← α·π + (1 − α)·π_ref, when as many updates have been made.
   * @param updates how many have been made
   * @returns whether the reference moved
   */
  follow(policy: Weights, updates: number): boolean {
    if (updates % this.sync.steps !== 0) return false;
    const alpha = tf.scalar(this.sync.mixupAlpha);
    for (const [name, value] of Object.entries(this.values)) {
      [this.values[name]] = mix(policy[name], value, alpha);
      value.dispose();
    }
    alpha.dispose();
    tf.dispose(this.frozen);
    this.frozen = this.freeze(this.values);
    return true;
  }

  dispose(): void {
    tf.dispose([this.values, this.frozen]);
  }
}
