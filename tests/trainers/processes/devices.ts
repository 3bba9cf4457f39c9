/** One update with the layers on two logical CPU devices: JSON of where the weights are afterwards. */
import { configure, deviceOf, tf } from "@/lib/tensorflow/mod.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { layersInOrder } from "@/lib/trainers/parallelism.ts";
import { CONFIG, randomWeights } from "../../models/random-model.ts";

configure({ cpuDevices: 2, intraOpThreads: 1, interOpThreads: 2 });
const plan = layersInOrder(["CPU:0", "CPU:1"], CONFIG.num_hidden_layers);
const weights = randomWeights(1), optimizer = new Optimizer("AdamW", weights, plan.deviceOf);
const gradients = Object.entries(weights).map(([name, w]) => [name, tf.onesLike(w)]);
await optimizer.apply(weights, Object.fromEntries(gradients), 0.1, 1, 1);
console.log(JSON.stringify(Object.fromEntries(
  Object.entries(weights).map(([name, w]) => [name, deviceOf(w).split("/device:")[1]]),
)));
