/**
 * How a training step is spread over processes, as far as a step knows of it.
 *
 * @module
 */
import { copyToDevice, type tf, withDevice } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { LayerPlan } from "@/lib/models/decoder.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { globalNorm } from "@/lib/trainers/gradients.ts";

/** What a step asks of the way it is spread. `weights` are what one process keeps of a model. */
export interface Parallelism extends LayerPlan {
  /** How many processes compute, and which of them this one is. */
  readonly world: number;
  readonly rank: number;
  /** The device that a tensor of `weights`, and what the optimiser knows of it, is on; null: TensorFlow's choice. */
  deviceOf(name: string): string | null;
  /** This process's share of some pairs. */
  own(pairs: TokenizedPair[]): TokenizedPair[];
  /** Runs the body of a traced function, of which `number` is another one for each. */
  numbered<R>(number: number, body: () => R): R;
  /** What gradients are taken of: whole tensors outside of layers, and of layers what {@link gather} takes. */
  open(weights: Weights): Weights;
  /** From gradients of what was opened to those of `weights`. */
  reduce(gradients: Weights): Weights;
  /** Norm of the whole model's gradient. */
  norm(gradients: Weights): tf.Tensor;
  /** One number an example from all processes, in the order of the examples. */
  collect(values: tf.Tensor1D): tf.Tensor1D;
}

/** One process that keeps everything. */
export const ALONE: Parallelism = {
  world: 1,
  rank: 0,
  deviceOf: () => null,
  own: (pairs) => pairs,
  numbered: (_, body) => body(),
  open: (weights) => weights,
  place: (_, run) => run(),
  gather: (own) => own,
  alike: true,
  reduce: (gradients) => gradients,
  norm: (gradients) => globalNorm(Object.values(gradients)),
  collect: (values) => values,
};

/**
 * One process whose layers lie on several devices, equally many on each and in their order, as in the reference's
 * `BasicTrainer`. Everything outside of layers is on the first.
 */
export function layersInOrder(devices: readonly string[], layers: number): Parallelism {
  const at = (layer: number) => devices[Math.floor(layer * devices.length / layers)];
  return {
    ...ALONE,
    deviceOf: (name) => at(Number(/(?:^|\.)model\.layers\.(\d+)\./.exec(name)?.[1] ?? 0)),
    place: (layer, run) => withDevice(at(layer), run),
    alike: devices.length === 1,
  };
}

/** Moves tensors to where they belong, in place. */
export function moveToDevices(weights: Weights, { deviceOf }: Parallelism): Weights {
  for (const [name, value] of Object.entries(weights)) {
    const device = deviceOf(name);
    if (device === null) continue;
    weights[name] = copyToDevice(value, device);
    value.dispose();
  }
  return weights;
}
