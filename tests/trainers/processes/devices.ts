/** One update with the layers on two logical CPU devices, and on one: JSON of how far they are apart. */
import { configure, deviceOf, tf } from "@/lib/tensorflow/mod.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { layersInOrder } from "@/lib/trainers/parallelism.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { CONFIG, randomWeights } from "../../models/random-model.ts";
import { randomPairs } from "../../models/random-pairs.ts";
import { largestDifference } from "../../models/relative-difference.ts";
import { DPO, updateOnce } from "../update-once.ts";

configure({ cpuDevices: 2, intraOpThreads: 1, interOpThreads: 2 });
const plan = layersInOrder(["CPU:0", "CPU:1"], CONFIG.num_hidden_layers);
const model = { config: CONFIG, weights: randomWeights(1) };
const pairs = randomPairs([[5, 9, 3], [40, 60, 31], [20, 50, 60]]);
const alone = await updateOnce(model, pairs, DPO, "shared-prompt");
const spread = await updateOnce(model, pairs, DPO, "shared-prompt", 1, Steps, plan);

const weights = randomWeights(1), optimizer = new Optimizer("AdamW", weights, plan.deviceOf);
const gradients = Object.entries(weights).map(([name, w]) => [name, tf.onesLike(w)]);
await optimizer.apply(weights, Object.fromEntries(gradients), 0.1, 1, 1);
const devices = Object.fromEntries(
  Object.entries(weights).map(([name, w]) => [name, deviceOf(w).split("/device:")[1]]),
);
console.log(JSON.stringify({
  losses: [alone.losses, spread.losses],
  norms: [alone.norm, spread.norm],
  gradients: largestDifference(spread.moments, alone.moments),
  changes: largestDifference(spread.changes, alone.changes),
  devices,
}));
