/**
 * Choosing the next token.
 *
 * @module
 */

/**
 * One token from the smallest set of most probable tokens whose probabilities reach `topP`
 * (Holtzman et al. 2019, arXiv 1904.09751).
 *
 * @param probabilities of all tokens, summing to 1
 * @param topP in (0, 1]; 1 keeps every token
 * @param random a number in [0, 1)
 */
export function sampleNucleus(probabilities: Float32Array, topP: number, random: number): number {
  if (topP >= 1) return pick(probabilities, probabilities.keys(), random);
  const candidates = mostProbable(probabilities, topP);
  candidates.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  let mass = 0, count = 0;
  while (count < candidates.length && mass < topP) mass += probabilities[candidates[count++]];
  return pick(probabilities, candidates.slice(0, count), random * mass);
}

/** The token at which the running sum of probabilities passes `target`. */
function pick(probabilities: Float32Array, ids: Iterable<number>, target: number): number {
  let sum = 0, last = 0;
  for (const id of ids) {
    if (probabilities[id] === 0) continue;
    last = id;
    if ((sum += probabilities[id]) > target) break;
  }
  return last;
}

/**
 * The tokens above a bound whose probabilities reach `topP` together; the nucleus lies among them. Few pass the
 * first bound and mostly they are enough, so that little has to be sorted.
 */
function mostProbable(probabilities: Float32Array, topP: number): number[] {
  // Tokens below the last bound have at most 1 − topP of the mass together.
  const last = (1 - topP) / probabilities.length;
  for (let bound = 1e-3; true; bound = Math.max(last, bound / 10)) {
    const candidates: number[] = [];
    let mass = 0;
    for (let id = 0; id < probabilities.length; id++) {
      if (probabilities[id] < bound) continue;
      candidates.push(id);
      mass += probabilities[id];
    }
    if (mass >= topP || bound <= last) return candidates;
  }
}
