/**
 * Choosing the next token, as transformers' logits processors define it: repetition penalty, temperature, top-k,
 * top-p, min-p, in this order, then a draw from what is left.
 *
 * @see {@link https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py}
 * @module
 */

/** Which tokens may be drawn. */
export interface TokenFilters {
  /** The most probable tokens that are kept, and those as probable as the last of them; 0 keeps all. */
  topK?: number;
  /** Of those, the fewest whose probabilities reach this share together (Holtzman et al. 2019, arXiv 1904.09751). */
  topP?: number;
  /** Of those, the ones at least this share as probable as the most probable (Nguyen et al. 2024, arXiv 2407.01082). */
  minP?: number;
}

/**
 * One token.
 *
 * @param probabilities of all tokens at the temperature, summing to 1
 * @param random a number in [0, 1)
 */
export function chooseToken(
  probabilities: Float32Array | Float64Array,
  filters: TokenFilters,
  random: number,
): number {
  const { topK = 0, topP = 1, minP = 0 } = filters;
  if (topK <= 0 && topP >= 1 && minP <= 0) {
    return pick(probabilities, probabilities.keys(), random);
  }
  const kept = keptTokens(probabilities, filters);
  const mass = kept.reduce((sum, id) => sum + probabilities[id], 0);
  return pick(probabilities, kept, random * mass);
}

/** The tokens that the filters keep, the most probable first; one at least. */
export function keptTokens(
  probabilities: Float32Array | Float64Array,
  { topK = 0, topP = 1, minP = 0 }: TokenFilters,
): number[] {
  const k = topK > 0 ? Math.min(topK, probabilities.length) : 0;
  let kept = mostProbable(probabilities, k, topP, minP);
  kept.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const largest = probabilities[kept[0]];
  let whole = 1;
  if (k > 0) {
    const least = probabilities[kept[k - 1]];
    kept = kept.filter((id) => probabilities[id] >= least);
    whole = kept.reduce((sum, id) => sum + probabilities[id], 0);
  }
  if (topP < 1) {
    let mass = 0, count = 0;
    do mass += probabilities[kept[count++]]; while (count < kept.length && mass < topP * whole);
    kept = kept.slice(0, count);
  }
  return kept.filter((id) => probabilities[id] >= minP * largest);
}

/**
 * The probabilities of tokens after a repetition penalty (Keskar et al. 2019, arXiv 1909.05858): logits of tokens
 * that were there already are divided by it where they are positive and multiplied where they are negative.
 *
 * @param logits of all tokens; not changed
 * @param seen ids of the prompt and of what was added
 * @param temperature 0 leaves the logits as they are, for taking the most probable
 */
export function penalised(
  logits: Float32Array,
  seen: ReadonlySet<number>,
  penalty: number,
  temperature: number,
): Float64Array {
  const out = Float64Array.from(logits);
  for (const id of seen) out[id] = out[id] < 0 ? out[id] * penalty : out[id] / penalty;
  let largest = -Infinity;
  for (let id = 0; id < out.length; id++) if (out[id] > largest) largest = out[id];
  let sum = 0;
  for (let id = 0; id < out.length; id++) {
    sum += out[id] = Math.exp((out[id] - largest) / (temperature || 1));
  }
  for (let id = 0; id < out.length; id++) out[id] /= sum;
  return out;
}

/** The token at which the running sum of probabilities passes `target`. */
function pick(
  probabilities: Float32Array | Float64Array,
  ids: Iterable<number>,
  target: number,
): number {
  let sum = 0, last = 0;
  for (const id of ids) {
    if (probabilities[id] === 0) continue;
    last = id;
    if ((sum += probabilities[id]) > target) break;
  }
  return last;
}

/**
 * The tokens above a bound, so low that what the filters keep lies among them. Few pass the first bound and mostly
 * they are enough, so that little has to be sorted.
 */
function mostProbable(
  probabilities: Float32Array | Float64Array,
  k: number,
  topP: number,
  minP: number,
): number[] {
  for (let bound = 1e-3; true; bound = bound > 1e-9 ? bound / 10 : 0) {
    const candidates: number[] = [];
    let mass = 0, largest = 0;
    for (let id = 0; id < probabilities.length; id++) {
      if (probabilities[id] < bound) continue;
      candidates.push(id);
      mass += probabilities[id];
      if (probabilities[id] > largest) largest = probabilities[id];
    }
    if (bound === 0) return candidates;
    // Top-p is a share of what top-k left, so that all of that has to be there.
    const enough = k > 0
      ? candidates.length >= k
      : (topP < 1 && mass >= topP) || (candidates.length > 0 && bound <= minP * largest);
    if (enough) return candidates;
  }
}
