/**
 * What the processes of a cluster compute together. Every process has to call the same collectives with the same
 * keys, shapes and types in the same order; each waits for the others.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { attr, type Attribute } from "./attributes.ts";
import { dtypeOf, op, running } from "./backend.ts";
import { taskName } from "./cluster.ts";
import { withDevice } from "./device.ts";
import { TensorflowError } from "./library.ts";

/** All processes are one group. */
const GROUP_KEY = 1;
/** A process that does not come ends the others' waiting after so long. */
const TIMEOUT_SECONDS = 600;

/** How one collective is found by the others. */
export interface CollectiveOptions {
  /**
   * Number of this collective, from 1, the same in every process and used for one shape and type alone. Functions are
   * traced at different times in different processes, so nobody can count for you.
   */
  key: number;
  /** Default 600. */
  timeoutSeconds?: number;
}

/**
 * The sum of all processes' tensors, in every process. Has no gradient of its own.
 * @throws TensorflowError when a process is missing, has died or brings another shape
 */
export const allReduce = (x: tf.Tensor, options: CollectiveOptions): tf.Tensor =>
  collective("CollectiveReduceV2", x, options, [
    attr.string("merge_op", "Add"),
    attr.string("final_op", "Id"),
  ]);

/**
 * All processes' tensors one below the other, by rank, in every process. Has no gradient of its own.
 * @throws as {@link allReduce}
 */
export const allGather = (x: tf.Tensor, options: CollectiveOptions): tf.Tensor =>
  collective("CollectiveGatherV2", x, options, []);

function collective(
  name: string,
  x: tf.Tensor,
  { key, timeoutSeconds = TIMEOUT_SECONDS }: CollectiveOptions,
  attributes: Attribute[],
): tf.Tensor {
  const { cluster } = running().binding.context;
  if (!cluster) {
    throw new TensorflowError(`${name} needs configure({ cluster }) before the first tensor`);
  }
  const scalar = (value: number) => tf.scalar(value, "int32");
  return withDevice(`${taskName(cluster.rank)}/device:CPU:0`, () =>
    tf.tidy(() =>
      op(name, [
        ...attributes,
        attr.type("T", dtypeOf(x)),
        attr.string("communication_hint", "ring"),
        attr.float("timeout_seconds", timeoutSeconds),
        attr.int("Nordering_token", 0),
      ], [x, scalar(cluster.addresses.length), scalar(GROUP_KEY), scalar(key)])
    ));
}
