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
  // Tokens below this bound have at most 1 − topP of the mass together: the nucleus lies above it.
  const bound = (1 - topP) / probabilities.length;
  const candidates: number[] = [];
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] >= bound) candidates.push(id);
  }
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
