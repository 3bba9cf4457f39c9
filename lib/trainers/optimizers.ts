/**
 * Updates of named weights. Weights and state are fp32.
 *
 * @module
 */
import { jit, ResourceVariable, tf, withDevice } from "@/lib/tensorflow/mod.ts";
import { toFp32 } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { type OptimizerName, type Rule, RULES } from "@/lib/trainers/optimizer-rules.ts";

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
  /** A traced function belongs to the devices that it was traced for. */
  private readonly updateGroups = new Map<string | null, ReturnType<typeof makeUpdateGroup>>();

  /**
   * @param weights what {@link apply} will update
   * @param deviceOf where a weight and its state are; null: TensorFlow's choice
   */
  constructor(
    readonly name: OptimizerName,
    weights: Weights,
    private readonly deviceOf: (name: string) => string | null = () => null,
  ) {
    this.rule = RULES[name];
    const variables = (values: (w: tf.Tensor) => tf.Tensor) =>
      Object.fromEntries(
        Object.entries(weights).map(([key, w]) => [
          key,
          this.at(key, () => {
            const value = values(w), variable = ResourceVariable.from(value);
            if (value !== w) value.dispose();
            return variable;
          }),
        ]),
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
        await this.at(names[0], () => this.updateGroup(names[0]).async(group, scalars));
        for (const name of names) {
          weights[name] = this.at(name, () => this.variables[name].read());
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
    this.at(name, () => variable.assign(value));
    value.dispose();
  }

  private at<R>(name: string, work: () => R): R {
    const device = this.deviceOf(name);
    return device === null ? work() : withDevice(device, work);
  }

  private updateGroup(name: string): ReturnType<typeof makeUpdateGroup> {
    const device = this.deviceOf(name);
    let update = this.updateGroups.get(device);
    if (!update) this.updateGroups.set(device, update = makeUpdateGroup(this.rule, this.name));
    return update;
  }

  dispose(): void {
    for (const variables of [this.variables, ...Object.values(this.state)]) {
      Object.values(variables).forEach((variable) => variable.dispose());
    }
    this.updateGroups.forEach((update) => update.dispose());
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
