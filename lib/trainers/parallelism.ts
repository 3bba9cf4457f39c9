/**
 * How a training step is spread over processes, as far as a step knows of it.
 *
 * @module
 */
import { copyToDevice, type tf, withDevice } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { LayerPlan } from "@/lib/models/decoder.ts";
import type { Weight } from "@/lib/models/export.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { globalNorm } from "@/lib/trainers/gradients.ts";

/** What a step asks of the way it is spread. `weights` are what one process keeps of a model. */
export interface Parallelism extends LayerPlan {
  /** Whether `weights` are pieces of a model's tensors, which may have names of their own. */
  readonly divided: boolean;
  /** With LoRA: how the model is spread that the adapters are on; `weights` are the adapters then. */
  readonly base?: Parallelism;
  /** Whether layers are gathered for their gradient once more, and so have to be computed again. */
  readonly gathers: boolean;
  /** How many processes compute, and which of them this one is. */
  readonly world: number;
  readonly rank: number;
  /** What one process computes as if it were the whole model. */
  localConfig(config: DecoderConfig): DecoderConfig;
  /** The device that a tensor of `weights`, and what the optimiser knows of it, is on; null: TensorFlow's choice. */
  deviceOf(name: string): string | null;
  /** Among how many processes a batch is divided; 1 where each computes all of it. */
  readonly batchShares: number;
  /** The shares of some pairs, by rank where there are several; together they are the pairs in their order. */
  shares(pairs: TokenizedPair[]): TokenizedPair[][];
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
  /** Sums of what the processes bring, each as many numbers. Every process has to ask at the same moment. */
  agree(values: number[]): Promise<number[]>;
  /** Names and shapes of what is kept of whole tensors. */
  kept(whole: Shapes): Shapes;
  /**
   * What this process keeps of whole tensors, one after the other.
   * @param kept names of what is wanted
   * @param read values of a whole tensor
   */
  part(kept: string[], read: Read): AsyncGenerator<[name: string, values: Float32Array]>;
  /**
   * Whole tensors of what the processes keep, one after the other; they come in the same order everywhere. Every
   * process has to ask for all of them.
   * @param take a tensor that is kept, which is disposed of
   */
  whole(kept: string[], take: (name: string) => tf.Tensor): AsyncGenerator<Weight>;
}

/** Shapes of tensors by their names. */
export type Shapes = ReadonlyMap<string, number[]>;

/** Reads a tensor of a model as a whole. */
export type Read = (name: string) => Promise<Float32Array> | Float32Array;

/** One process that keeps everything. */
export const ALONE: Parallelism = {
  divided: false,
  gathers: false,
  world: 1,
  rank: 0,
  localConfig: (config) => config,
  deviceOf: () => null,
  batchShares: 1,
  shares: (pairs) => [pairs],
  numbered: (_, body) => body(),
  open: (weights) => weights,
  place: (_, run) => run(),
  gather: (own) => own,
  alike: true,
  share: null,
  reduce: (gradients) => gradients,
  norm: (gradients) => globalNorm(Object.values(gradients)),
  collect: (values) => values,
  agree: (values) => Promise.resolve(values),
  kept: (whole) => whole,
  async *part(kept, read) {
    for (const name of kept) yield [name, await read(name)];
  },
  async *whole(kept, take) {
    for (const name of kept) {
      const tensor = take(name), data = await tensor.data() as Float32Array;
      tensor.dispose();
      yield { name, shape: tensor.shape, data };
    }
  },
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
