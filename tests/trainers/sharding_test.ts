/** Two processes that share the parameters make the update that one makes. */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { freePorts } from "../free-ports.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { randomPairs } from "../models/random-pairs.ts";
import { assertSameChanges, assertSameGradients, DPO, updateOnce } from "./update-once.ts";

const WORKER = fromFileUrl(new URL("./processes/sharding.ts", import.meta.url));
const LENGTHS: [number, number, number][] = [
  [5, 9, 3],
  [40, 60, 31],
  [20, 50, 60],
  [30, 6, 70],
];

interface Told {
  norm: number;
  losses: number[];
  moments: Record<string, number[]>;
  weights: Record<string, number[]>;
}

async function together(world: number, parts: number): Promise<Told> {
  const addresses = freePorts(world).map((port) => `localhost:${port}`);
  const outputs = await Promise.all(addresses.map(async (_, rank) => {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--quiet", WORKER],
        JSON.stringify({ rank, addresses, lengths: LENGTHS, parts }),
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }));
  return JSON.parse(outputs[0]);
}

for (const parts of [1, 2]) {
  Deno.test(`two processes with pieces of the parameters, ${parts} parts: losses, norm, every tensor's gradient and update`, async () => {
    const start = randomWeights(1);
    const alone = await updateOnce(
      { config: CONFIG, weights: start },
      randomPairs(LENGTHS),
      DPO,
      "shared-prompt",
    );
    const { norm, losses, moments, weights } = await together(2, parts);
    const tensors = (values: Record<string, number[]>) =>
      Object.fromEntries(
        Object.entries(start).map(([name, { shape }]) => [name, tf.tensor(values[name], shape)]),
      );
    const moved = Object.entries(tensors(weights)).map((
      [name, w],
    ) => [name, tf.sub(w, start[name])]);
    const found = { norm, losses, moments: tensors(moments), changes: Object.fromEntries(moved) };
    assertSameGradients(found, alone);
    assertSameChanges(found, alone);
  });
}
