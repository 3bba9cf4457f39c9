/**
 * LoRA on a model that is divided among processes: each keeps all adapters, which are small, and their part of the
 * base, whether that is pieces that are gathered or parts of matrices. What is trained, saved and resumed is so the same
 * in every process, and the same as in one alone.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { ALONE, type Parallelism } from "@/lib/trainers/parallelism.ts";

/** How a model is spread that adapters can be on. */
export interface AdaptedBase extends Parallelism {
  /** Sum of all processes' numbers, as many in every step. */
  sum(values: tf.Tensor): tf.Tensor;
  /**
   * Along which axis of an adapter each process has as much as belongs to its part of the matrix, by rank; null where all
   * of it does.
   */
  adapterAxis(name: string): 0 | 1 | null;
}

/**
 * How adapters are trained on such a base; a batch is divided as the base's would be.
 *
 * Of an adapter a process computes with what belongs to its part of the matrix: for some outputs with all of A and their
 * rows of B, for some inputs with their columns of A and all of B. Where all compute with the same numbers each finds a
 * part of their gradient, elsewhere its own entries' whole one: filled up with zeros, their sum is the gradient.
 */
export function replicatedAdapters(base: AdaptedBase): Parallelism {
  return {
    ...ALONE,
    base,
    gathers: base.gathers,
    alike: base.alike,
    share: base.share,
    world: base.world,
    rank: base.rank,
    batchShares: base.batchShares,
    localConfig: (config) => base.localConfig(config),
    shares: (pairs) => base.shares(pairs),
    numbered: (number, body) => base.numbered(number, body),
    gather: (own, input) => base.gather(own, input),
    collect: (values) => base.collect(values),
    agree: (values) => base.agree(values),
    open: (adapters) =>
      Object.fromEntries(
        Object.entries(adapters).map(([name, adapter]) => [name, part(adapter, name, base)]),
      ),
    reduce: (gradients) => summed(gradients, base),
  };
}

/** What of an adapter is this process's. */
function part(adapter: tf.Tensor, name: string, base: AdaptedBase): tf.Tensor {
  const axis = base.adapterAxis(name);
  if (axis === null) return adapter;
  const begin = [0, 0], size = [...adapter.shape];
  size[axis] /= base.world;
  begin[axis] = base.rank * size[axis];
  return tf.slice(adapter, begin, size);
}

/** The gradient of {@link part}, of the whole adapter: zero where another process has it. */
function whole(gradient: tf.Tensor, name: string, base: AdaptedBase): tf.Tensor {
  const axis = base.adapterAxis(name);
  if (axis === null) return gradient;
  const own = gradient.shape[axis]!, padding: [number, number][] = [[0, 0], [0, 0]];
  padding[axis] = [base.rank * own, (base.world - 1 - base.rank) * own];
  return tf.pad(gradient, padding);
}

/** All gradients as one vector, so that there is one sum to wait for. */
function summed(gradients: Weights, base: AdaptedBase): Weights {
  const own = Object.entries(gradients)
    .map(([name, gradient]) => [name, whole(gradient, name, base)] as const);
  const sum = base.sum(tf.concat(own.map(([, gradient]) => tf.reshape(gradient, [-1]))));
  const parts = tf.split(sum, own.map(([, { size }]) => size));
  return Object.fromEntries(
    own.map(([name, { shape }], i) => [name, tf.reshape(parts[i], shape)]),
  );
}
