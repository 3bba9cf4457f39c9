/**
 * The Mersenne Twister as Python's `random` and NumPy's `np.random` seed and draw from it, so that a seed gives the
 * order here that it gives in the reference.
 *
 * Makoto Matsumoto and Takuji Nishimura: Mersenne Twister, 1998, with the initialisation of 2002.
 *
 * @module
 */
const SIZE = 624, SHIFT = 397;

/** MT19937. */
export class MersenneTwister {
  private at = SIZE;

  private constructor(private readonly state: Uint32Array) {}

  /** As `np.random.seed(seed)`; `seed` is a whole number from 0 below 2³². */
  static numpy(seed: number): MersenneTwister {
    const state = new Uint32Array(SIZE);
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const before = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, before) + i;
    }
    return new MersenneTwister(state);
  }

  /** As `random.seed(seed)`; `seed` is a whole number from 0 below 2³². */
  static python(seed: number): MersenneTwister {
    const twister = MersenneTwister.numpy(19650218), { state } = twister;
    const mixed = (i: number, factor: number) =>
      state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
    let i = 1;
    const advance = () => {
      if (++i < SIZE) return;
      state[0] = state[SIZE - 1];
      i = 1;
    };
    for (let k = 0; k < SIZE; k++, advance()) state[i] = mixed(i, 1664525) + seed;
    for (let k = 1; k < SIZE; k++, advance()) state[i] = mixed(i, 1566083941) - i;
    state[0] = 0x80000000;
    return twister;
  }

  /** The next 32 bits, as a number from 0 below 2³². */
  next(): number {
    if (this.at === SIZE) this.twist();
    let y = this.state[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A whole number from 0 below `n`, as Python's `_randbelow`; `n` from 1 below 2³². */
  below(n: number): number {
    const surplus = Math.clz32(n);
    let drawn: number;
    do drawn = this.next() >>> surplus; while (drawn >= n);
    return drawn;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }
}
