/**
 * Optimisers over named weights. Weights and state are fp32.
 *
 * @module
 */
import { fused, jit, tf } from "@/lib/tensorflow/mod.ts";
import { toFp32 } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";

/** Names that `optimizer=` takes. */
export const OPTIMIZER_NAMES = ["RMSprop", "AdamW"] as const;
export type OptimizerName = typeof OPTIMIZER_NAMES[number];

/** How one tensor changes in one update. */
interface Rule {
  /** Names of the state tensors that go with each weight. */
  slots: string[];
  /**
   * @param inputs weight, gradient (fp32 or bfloat16), state tensors…, and the scalars: learning rate, factor of the gradient
   *   (clipping), number of the update from 1
   * @returns the new weight and state
   */
  kernel: (...inputs: tf.Tensor[]) => tf.Tensor[];
}

const RULES: Record<OptimizerName, Rule> = {
  /** As `torch.optim.RMSprop` with its defaults: ε is outside the root, the average starts at 0. */
  RMSprop: {
    slots: ["square_avg"],
    kernel: fused("rmsprop", (w, gradient, average, lr, factor) => {
      const g = tf.mul(toFp32(gradient), factor);
      const v = tf.add(tf.mul(average, 0.99), tf.mul(tf.square(g), 0.01));
      return [tf.sub(w, tf.mul(lr, tf.div(g, tf.add(tf.sqrt(v), 1e-8)))), v];
    }),
  },
  /** As `torch.optim.AdamW` with betas (0.9, 0.999), ε 1e-8 and weight decay 0.01. */
  AdamW: {
    slots: ["exp_avg", "exp_avg_sq"],
    kernel: fused("adamw", (w, gradient, first, second, lr, factor, update) => {
      const g = tf.mul(toFp32(gradient), factor);
      const m = tf.add(tf.mul(first, 0.9), tf.mul(g, 0.1));
      const v = tf.add(tf.mul(second, 0.999), tf.mul(tf.square(g), 0.001));
      const mHat = tf.div(m, tf.sub(1, tf.pow(0.9, update)));
      const vHat = tf.div(v, tf.sub(1, tf.pow(0.999, update)));
      const decayed = tf.mul(w, tf.sub(1, tf.mul(lr, 0.01)));
      return [tf.sub(decayed, tf.mul(lr, tf.div(mHat, tf.add(tf.sqrt(vHat), 1e-8)))), m, v];
    }),
  },
};

export class Optimizer {
  /** Slot name → weight name → state. */
  readonly state: Record<string, Weights>;
  private readonly rule: Rule;
  private readonly updateGroup: ReturnType<Optimizer["makeUpdateGroup"]>;

  constructor(readonly name: OptimizerName, weights: Weights) {
    this.rule = RULES[name];
    this.updateGroup = this.makeUpdateGroup();
    this.state = Object.fromEntries(
      this.rule.slots.map((slot) => [
        slot,
        Object.fromEntries(Object.entries(weights).map(([key, w]) => [key, tf.zerosLike(w)])),
      ]),
    );
  }

  /**
   * Replaces every weight by its updated value and disposes the old value and the gradient.
   *
   * @param gradients fp32, or bfloat16 as the products gave them
   * @param factor what gradients are multiplied with first
   * @param update number of this update, from 1
   */
  async apply(
    weights: Weights,
    gradients: Weights,
    lr: number,
    factor: number,
    update: number,
  ): Promise<void> {
    const scalars = [lr, factor, update].map((value) => tf.scalar(value));
    const waiting = groups(weights);
    const work = async () => {
      for (let names = waiting.shift(); names; names = waiting.shift()) {
        const old = names.map((name) => [
          weights[name],
          gradients[name],
          ...this.rule.slots.map((slot) => this.state[slot][name]),
        ]);
        const updated = await this.updateGroup.async(old, scalars);
        updated.forEach(([w, ...state], i) => {
          weights[names![i]] = w;
          this.rule.slots.forEach((slot, s) => this.state[slot][names![i]] = state[s]);
        });
        tf.dispose(old);
      }
    };
    await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, work));
    tf.dispose(scalars);
  }

  /** Puts a saved value in the place of a state tensor. */
  restore(slot: string, name: string, values: Float32Array): void {
    const old = this.state[slot][name];
    this.state[slot][name] = tf.tensor(values, old.shape);
    old.dispose();
  }

  dispose(): void {
    for (const tensors of Object.values(this.state)) tf.dispose(tensors);
    this.updateGroup.dispose();
  }

  private makeUpdateGroup() {
    return jit(
      (tensors: tf.Tensor[][], scalars: tf.Tensor[]) =>
        tensors.map((inputs) => this.rule.kernel(...inputs, ...scalars)),
      { name: this.name },
    );
  }
}

/** How many groups are updated beside each other; as many new values exist beside the old ones. */
const GROUPS_AT_ONCE = 2;

/** Names that are updated together, the tensors of one layer; largest groups first, so that no thread waits at the end. */
function groups(weights: Weights): string[][] {
  const byLayer = new Map<string, string[]>();
  for (const name of Object.keys(weights)) {
    const layer = /\.layers\.\d+\./.exec(name)?.[0] ?? name;
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), name]);
  }
  const size = (names: string[]) => names.reduce((n, name) => n + weights[name].size, 0);
  return [...byLayer.values()].sort((a, b) => size(b) - size(a));
}

/**
 * Factor that brings a gradient of the given norm down to `maxNorm`, as `torch.nn.utils.clip_grad_norm_`.
 */
export const clipFactor = (norm: number, maxNorm: number): number =>
  Math.min(1, maxNorm / (norm + 1e-6));

/** Learning rate of an update: linear warm-up from 1/(warmupSteps + 1), then constant, as the reference. */
export const learningRate = (lr: number, warmupSteps: number, update: number): number =>
  lr * Math.min(1, (update + 1) / (warmupSteps + 1));
