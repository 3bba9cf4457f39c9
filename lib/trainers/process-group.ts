/**
 * The processes of a run, as far as they compute something together outside of their division of work.
 *
 * @module
 */
import { allGather, allReduce, jit, tf } from "@/lib/tensorflow/mod.ts";

/** Who waits for whom, and how long, is seen by the supervisor: others may be saving, or tracing. */
const NO_LIMIT = 0;

/** So many processes, of which this one is `rank`. One needs nobody. */
export class ProcessGroup {
  private readonly sum: ReturnType<ProcessGroup["makeSum"]>;

  /** @param agreementKey what is agreed on has keys from here on, by its length */
  constructor(
    readonly rank: number,
    readonly world: number,
    private readonly agreementKey: number,
  ) {
    this.sum = this.makeSum();
  }

  private makeSum() {
    return jit(
      (values: tf.Tensor) => this.reduceAll(values, this.agreementKey + values.size),
      { name: "agreement" },
    );
  }

  /** All processes' tensors one below the other, by rank. */
  gatherAll(x: tf.Tensor, key: number): tf.Tensor {
    return this.world === 1 ? x : allGather(x, { key, timeoutSeconds: NO_LIMIT });
  }

  /** Their sum. */
  reduceAll(x: tf.Tensor, key: number): tf.Tensor {
    return this.world === 1 ? x : allReduce(x, { key, timeoutSeconds: NO_LIMIT });
  }

  /** Sums of what the processes bring, each as many numbers. */
  async agree(values: number[]): Promise<number[]> {
    const own = tf.tensor1d(values), sum = await this.sum.async(own);
    const result = Array.from(await sum.data());
    tf.dispose([own, sum]);
    return result;
  }
}
