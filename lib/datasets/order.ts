/**
 * The order of examples and the side of a split they fall on, from seeds alone.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { unsafeUniformIntDistribution, xoroshiro128plus } from "pure-rand";

/**
 * A permutation of `0 … length - 1` that depends on seed and epoch alone, so that training can go on in the
 * middle of an epoch. (The reference shuffles the order of the epoch before; its distribution is the same.)
 */
export function epochOrder(length: number, seed: number, epoch: number): number[] {
  const random = xoroshiro128plus(digest(`${seed}/${epoch}`).readInt32LE(0));
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = unsafeUniformIntDistribution(0, i, random);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Whether what `key` names (a question, a prompt) belongs to the test split. Depends on the three arguments
 * alone, so that new labels never move a question.
 */
export function inTestSplit(key: string, seed: number, testFraction: number): boolean {
  return digest(`${seed}/${key}`).readUIntBE(0, 6) / 2 ** 48 < testFraction;
}

function digest(text: string) {
  return createHash("sha256").update(text).digest();
}
