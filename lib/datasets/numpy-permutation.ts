/**
 * `np.random.default_rng(seed).permutation(n)`: the order into which `datasets.Dataset.shuffle(seed)` brings rows.
 *
 * @module
 */

/** A permutation of `0 … n - 1`; `seed` is a whole number from 0 below 2³², `n` below 2³². */
export function numpyPermutation(n: number, seed: number): Uint32Array {
  const next = generator(seed), order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const mask = 0xffffffff >>> Math.clz32(i);
    let j: number;
    do j = (next() & mask) >>> 0; while (j > i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const BITS_64 = (1n << 64n) - 1n, BITS_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** PCG64 (XSL-RR of 128 bits; Melissa O'Neill, 2014); each number gives its lower 32 bits first. */
function generator(seed: number): () => number {
  const words = seedWords(seed, 8);
  const wide = (at: number) =>
    [at + 1, at, at + 3, at + 2].reduce((value, i) => value << 32n | BigInt(words[i]), 0n);
  const increment = (wide(4) << 1n | 1n) & BITS_128;
  const step = (state: bigint) => (state * MULTIPLIER + increment) & BITS_128;
  let state = step(step(0n) + wide(0)), upper: number | null = null;
  return () => {
    if (upper !== null) {
      const half = upper;
      upper = null;
      return half;
    }
    state = step(state);
    const folded = (state >> 64n ^ state) & BITS_64, turn = state >> 122n;
    const turned = (folded >> turn | folded << (64n - turn)) & BITS_64;
    upper = Number(turned >> 32n);
    return Number(turned & 0xffffffffn);
  };
}

/** NumPy's SeedSequence of one number: `count` words of 32 bits. */
function seedWords(seed: number, count: number): Uint32Array {
  const pool = new Uint32Array(4);
  let constant = 0x43b0d7e5;
  const hash = (value: number) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ value >>> 16;
  };
  const mix = (a: number, b: number) => {
    const mixed = Math.imul(0xca01f9dd, a) - Math.imul(0x4973f715, b) | 0;
    return mixed ^ mixed >>> 16;
  };
  for (let i = 0; i < 4; i++) pool[i] = hash(i === 0 ? seed : 0);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  let second = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    let value = pool[i % 4] ^ second;
    second = Math.imul(second, 0x58f38ded);
    value = Math.imul(value, second);
    return value ^ value >>> 16;
  });
}
