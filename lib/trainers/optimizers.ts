/**
 * Optimisers over named weights. Weights and state are fp32.
 *
 * @module
 */
import { jit, ResourceVariable, tf } from "@/lib/tensorflow/mod.ts";
import { toFp32 } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";

/** Names that `optimizer=` takes. */
export const OPTIMIZER_NAMES = ["RMSprop", "AdamW"] as const;
export type OptimizerName = typeof OPTIMIZER_NAMES[number];

/** How one tensor changes in one update. */
interface Rule {
  /** Names of the state tensors that go with each weight. */
  slots: string[];
  /** Numbers that depend on the number of the update alone, computed once for all weights in double precision. */
  factors(update: number): number[];
  /**
   * @param w the weight
   * @param g its gradient, clipped
   * @param state state tensors, in the order of the slots
   * @param scalars learning rate, then the factors
   * @returns the new weight and state
   */
  step(w: tf.Tensor, g: tf.Tensor, state: tf.Tensor[], scalars: tf.Tensor[]): tf.Tensor[];
}

const RULES: Record<OptimizerName, Rule> = {
  /** As `torch.optim.RMSprop` with its defaults: ε is outside the root, the average starts at 0. */
  RMSprop: {
    slots: ["square_avg"],
    factors: () => [],
    step(w, g, [average], [lr]) {
      const v = tf.add(tf.mul(average, 0.99), tf.mul(tf.square(g), 0.01));
      return [tf.sub(w, tf.mul(lr, tf.div(g, tf.add(tf.sqrt(v), 1e-8)))), v];
    },
  },
  /** As `torch.optim.AdamW` with betas (0.9, 0.999), ε 1e-8 and weight decay 0.01. */
  AdamW: {
    slots: ["exp_avg", "exp_avg_sq"],
    factors: (update) => [1 / (1 - 0.9 ** update), 1 / (1 - 0.999 ** update)],
    step(w, g, [first, second], [lr, firstScale, secondScale]) {
      const m = tf.add(tf.mul(first, 0.9), tf.mul(g, 0.1));
      const v = tf.add(tf.mul(second, 0.999), tf.mul(tf.square(g), 0.001));
      const mHat = tf.mul(m, firstScale), vHat = tf.mul(v, secondScale);
      const decayed = tf.mul(w, tf.sub(1, tf.mul(lr, 0.01)));
      return [tf.sub(decayed, tf.mul(lr, tf.div(mHat, tf.add(tf.sqrt(vHat), 1e-8)))), m, v];
    },
  },
};

/** Slot name → weight name → state. */
export type OptimizerState = Record<string, Record<string, ResourceVariable>>;

/**
 * Updates weights in place: weights and state are variables of TensorFlow's, and one XLA kernel per layer reads and
 * writes each of them once.
 */
export class Optimizer {
  readonly state: OptimizerState;
  private readonly rule: Rule;
  private readonly variables: Record<string, ResourceVariable>;
  private readonly updateGroup: ReturnType<typeof makeUpdateGroup>;

  /** @param weights what {@link apply} will update */
  constructor(readonly name: OptimizerName, weights: Weights) {
    this.rule = RULES[name];
    this.updateGroup = makeUpdateGroup(this.rule, name);
    const variables = (values: (w: tf.Tensor) => tf.Tensor) =>
      Object.fromEntries(
        Object.entries(weights).map(([key, w]) => {
          const value = values(w), variable = ResourceVariable.from(value);
          if (value !== w) value.dispose();
          return [key, variable];
        }),
      );
    this.variables = variables((w) => w);
    this.state = Object.fromEntries(
      this.rule.slots.map((slot) => [slot, variables((w) => tf.zerosLike(w))]),
    );
  }

  /**
   * Replaces every weight by its updated value and disposes the old value and the gradient.
   *
   * @param weights those that the optimiser was made for; nothing else may hold their memory, or it is copied
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
    const scalars = [factor, lr, ...this.rule.factors(update)].map((value) => tf.scalar(value));
    const waiting = groups(weights);
    tf.dispose(Object.values(weights));
    const work = async () => {
      for (let names = waiting.shift(); names; names = waiting.shift()) {
        const group = names.map((name) => ({
          w: this.variables[name],
          state: this.rule.slots.map((slot) => this.state[slot][name]),
          gradient: gradients[name],
        }));
        await this.updateGroup.async(group, scalars);
        for (const name of names) {
          weights[name] = this.variables[name].read();
          gradients[name].dispose();
        }
      }
    };
    await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, work));
    tf.dispose(scalars);
  }

  /** Puts a saved value in the place of a state tensor. */
  restore(slot: string, name: string, values: Float32Array): void {
    const variable = this.state[slot][name];
    const value = tf.tensor(values, variable.shape);
    variable.assign(value);
    value.dispose();
  }

  dispose(): void {
    for (const variables of [this.variables, ...Object.values(this.state)]) {
      Object.values(variables).forEach((variable) => variable.dispose());
    }
    this.updateGroup.dispose();
  }
}

/** One weight with its state and its gradient. */
interface Updated {
  w: ResourceVariable;
  state: ResourceVariable[];
  gradient: tf.Tensor;
}

const makeUpdateGroup = (rule: Rule, name: string) =>
  jit((group: Updated[], [factor, ...scalars]: tf.Tensor[]) => {
    for (const { w, state, gradient } of group) {
      const g = tf.mul(toFp32(gradient), factor);
      const [value, ...values] = rule.step(w.read(), g, state.map((s) => s.read()), scalars);
      w.assign(value);
      state.forEach((s, i) => s.assign(values[i]));
    }
  }, { name, xla: true });

/** How many groups are updated beside each other. */
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
