/**
 * Updates of the random model in another process than the test's: with the layers on two devices, or as one of
 * several processes that share the parameters. The first process prints the run as JSON.
 */
import { configure, tf } from "@/lib/tensorflow/mod.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import { layersInOrder, type Parallelism } from "@/lib/trainers/parallelism.ts";
import { replicatedAdapters } from "@/lib/trainers/replicated-adapters.ts";
import { Sharding } from "@/lib/trainers/sharding.ts";
import { TensorParallel } from "@/lib/trainers/tensor-parallel.ts";
import { Steps } from "@/lib/trainers/step.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { CONFIG, randomWeights } from "../../models/random-model.ts";
import { type Keeping, trainFor, type Way } from "../equivalence.ts";
import { PAIRS, type Spread } from "../ways.ts";

const { updates, way, devices, tensorParallel, addresses, rank = 0, leaveOut, unsummed, ownMasks }:
  Spread = JSON.parse(Deno.args[0]);
configure({
  ...addresses ? { cluster: { addresses, rank } } : { cpuDevices: devices },
  intraOpThreads: 1,
  interOpThreads: 2,
});

/** What this process keeps of the model, as a run reads and saves it. */
const keepingOf = (parallelism: Parallelism): Keeping => ({
  async keep(whole) {
    const shapes = parallelism.kept(tensorShapes(CONFIG)), pieces: Weights = {};
    const read = (name: string) => whole[name].dataSync().slice() as Float32Array;
    for await (const [name, values] of parallelism.part([...shapes.keys()], read)) {
      pieces[name] = tf.tensor(values, shapes.get(name));
    }
    return pieces;
  },
  async whole(pieces) {
    const found: Weights = {};
    const take = (name: string) => pieces[name].clone();
    for await (const { name, shape, data } of parallelism.whole(Object.keys(pieces), take)) {
      found[name] = tf.tensor(data.slice(), shape);
    }
    return found;
  },
});

function inPieces(world: number): Partial<Way> {
  const model = tensorParallel
    ? new TensorParallel(tensorShapes(CONFIG), rank, world)
    : new Sharding(tensorShapes(CONFIG), rank, world);
  if (unsummed && model.share) {
    Object.assign(model.share, { [unsummed]: (parts: tf.Tensor[]) => parts });
  }
  if (ownMasks && model.share) Object.assign(model.share, { rank: 0 });
  const parallelism = way.lora ? replicatedAdapters(model) : model;
  return { parallelism, keeping: keepingOf(model) };
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
