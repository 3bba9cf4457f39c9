/**
 * The order of examples and the side of a split they fall on, from seeds alone.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { MersenneTwister } from "@/lib/datasets/mersenne-twister.ts";

/**
 * The orders of `0 … length - 1` in one epoch after the other, those of the reference (`get_batch_iterator`): NumPy,
 * seeded with `seed`, draws a seed for each epoch, by which Python's `random.shuffle` shuffles the order of the epoch
 * before. All epochs are handed out in the same array.
 *
 * @param seed as the reference's, from 0 below 2³²; others are taken modulo 2³²
 */
export function* epochOrders(length: number, seed: number): Generator<Uint32Array, never> {
  const seeds = MersenneTwister.numpy(seed >>> 0);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (;;) {
    const random = MersenneTwister.python(seeds.next());
    for (let i = length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    yield order;
  }
}

/**
 * Whether what `key` names (a question, a prompt) belongs to the test split. Depends on the three arguments
 * alone, so that new labels never move a question.
 */
export function inTestSplit(key: string, seed: number, testFraction: number): boolean {
  return fractionOf(`${seed}/${key}`) < testFraction;
}

/** A number from 0 below 1 that depends on `key` alone, spread evenly over keys. */
export function fractionOf(key: string): number {
  return createHash("sha256").update(key).digest().readUIntBE(0, 6) / 2 ** 48;
}
