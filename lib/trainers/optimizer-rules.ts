/**
 * What one update does to one weight, by optimiser. A new optimiser is one entry here.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";

/** Names that `optimizer=` takes. */
export const OPTIMIZER_NAMES = ["RMSprop", "AdamW", "SGD", "Lion"] as const;
export type OptimizerName = typeof OPTIMIZER_NAMES[number];

/** How one tensor changes in one update. */
export interface Rule {
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

export const RULES: Record<OptimizerName, Rule> = {
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
  /** As `torch.optim.SGD` with its defaults: no momentum. */
  SGD: {
    slots: [],
    factors: () => [],
    step: (w, g, _, [lr]) => [tf.sub(w, tf.mul(lr, g))],
  },
  /**
   * Chen et al. 2023 (arXiv 2302.06675), algorithm 2, with betas (0.9, 0.99) and no weight decay. Every weight moves
   * by the learning rate, which is best a third to a tenth of AdamW's.
   */
  Lion: {
    slots: ["exp_avg"],
    factors: () => [],
    step(w, g, [average], [lr]) {
      const direction = tf.sign(tf.add(tf.mul(average, 0.9), tf.mul(g, 0.1)));
      const m = tf.add(tf.mul(average, 0.99), tf.mul(g, 0.01));
      return [tf.sub(w, tf.mul(lr, direction)), m];
    },
  },
};
