/**
 * Updates of the random model in another process than the test's: with the layers on two devices, or as one of
 * several processes that share the parameters. The first process prints the run as JSON.
 */
import { allGather, configure, tf } from "@/lib/tensorflow/mod.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import { layersInOrder } from "@/lib/trainers/parallelism.ts";
import { Sharding } from "@/lib/trainers/sharding.ts";
import { Steps } from "@/lib/trainers/step.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { CONFIG, randomWeights } from "../../models/random-model.ts";
import { type Keeping, trainFor, type Way } from "../equivalence.ts";
import { PAIRS, type Spread } from "../ways.ts";

const { updates, way, devices, addresses, rank = 0, leaveOut }: Spread = JSON.parse(
  Deno.args[0],
);
configure({
  ...addresses ? { cluster: { addresses, rank } } : { cpuDevices: devices },
  intraOpThreads: 1,
  interOpThreads: 2,
});

function inPieces(world: number): Partial<Way> {
  const sharding = new Sharding(tensorShapes(CONFIG), rank, world);
  // Of collectives outside of steps.
  let key = 90_000_000;
  const keeping: Keeping = {
    async keep(whole) {
      const pieces: Weights = {};
      for (const block of sharding.blocks.values()) {
        const read = (name: string) => whole[name].dataSync() as Float32Array;
        pieces[block.name] = tf.tensor1d(await sharding.piece(block, read));
      }
      return pieces;
    },
    whole: (pieces) =>
      Object.fromEntries([...sharding.blocks.values()].flatMap(({ name, places }) => {
        const flat = allGather(pieces[name], { key: key++ }) as tf.Tensor1D;
        return places.map((
          { name, from, size, shape },
        ) => [name, tf.reshape(tf.slice(flat, from, size), shape)]);
      })),
  };
  return { parallelism: sharding, keeping };
}

/** One process adds nothing to the sum of gradients. */
class LeftOut extends Steps {
  override gradients(...args: Parameters<Steps["gradients"]>) {
    args[3] = 0;
    return super.gradients(...args);
  }
}

const run = await trainFor(updates, { config: CONFIG, weights: randomWeights(1) }, PAIRS, {
  ...way,
  ...addresses ? inPieces(addresses.length) : {
    parallelism: layersInOrder(
      Array.from({ length: devices }, (_, i) => `CPU:${i}`),
      CONFIG.num_hidden_layers,
    ),
  },
  ...rank === leaveOut ? { StepsClass: LeftOut } : {},
});
const numbers = (tensors: Weights) =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, Array.from(t.dataSync())]));
if (rank === 0) {
  const { gradients, changes } = run;
  console.log(
    JSON.stringify({ ...run, gradients: numbers(gradients), changes: numbers(changes) }),
  );
}
Deno.exit(0);
