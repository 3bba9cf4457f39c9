/** One process of several that make one update together, for sharding_test.ts; the first prints what came of it. */
import { allGather, configure, tf } from "@/lib/tensorflow/mod.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { Sharding } from "@/lib/trainers/sharding.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { update } from "@/lib/trainers/update.ts";
import { CONFIG, randomWeights } from "../../models/random-model.ts";
import { randomPairs } from "../../models/random-pairs.ts";
import { DPO, updateSettings } from "../update-once.ts";

const { rank, addresses, lengths, parts } = JSON.parse(Deno.args[0]);
configure({ cluster: { addresses, rank }, intraOpThreads: 1, interOpThreads: 2 });

const sharding = new Sharding(tensorShapes(CONFIG), rank, addresses.length);
const whole = randomWeights(1), norm = tf.mul(whole["model.norm.weight"], 1.02);
const piecesOf = async (weights: Weights): Promise<Weights> => {
  const pieces: Weights = {};
  for (const block of sharding.blocks.values()) {
    const read = (name: string) => weights[name].dataSync() as Float32Array;
    pieces[block.name] = tf.tensor1d(await sharding.piece(block, read));
  }
  return pieces;
};
const weights = await piecesOf(whole);
const reference = await piecesOf({ ...whole, "model.norm.weight": norm });
const steps = new Steps(
  CONFIG,
  DPO,
  "shared-prompt",
  "fp32",
  new Buckets(),
  true,
  sharding,
);
const optimizer = new Optimizer("AdamW", weights);
const report = await update(
  { steps, weights, reference, optimizer, precision: "fp32" },
  randomPairs(lengths),
  1,
  updateSettings(parts),
);
let key = 90_000_000;
const tensors = (pieces: Weights) =>
  Object.fromEntries([...sharding.blocks.values()].flatMap(({ name, places }) => {
    const flat = allGather(pieces[name], { key: key++ }).dataSync();
    return places.map(({ name, from, size }) => [name, Array.from(flat.slice(from, from + size))]);
  }));
const moments = Object.fromEntries(
  Object.entries(optimizer.state.exp_avg).map(([name, variable]) => [name, variable.read()]),
);
const result = {
  norm: report.norm,
  losses: report.results.flatMap(({ losses }) => Array.from(losses)),
  moments: tensors(moments),
  weights: tensors(weights),
};
if (rank === 0) console.log(JSON.stringify(result));
Deno.exit(0);
