/**
 * Dawid and Skene's model of labelers: how often each of them gives which answer to items of each true class is
 * estimated together with the classes, so that who answers without regard to the item loses all weight.
 *
 * @see A. P. Dawid and A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
 *   Applied Statistics 28 (1979); numbers of equations are the paper's
 * @module
 */

/** Vote number v is labeler `labelers[v]`'s answer `answers[v]` to item `items[v]`; all count from 0. */
export interface Votes {
  items: Uint32Array;
  labelers: Uint32Array;
  answers: Uint8Array;
  itemCount: number;
  labelerCount: number;
  classCount: number;
}

export interface DawidSkeneOptions {
  /** Default 200. */
  maxIterations?: number;
  /** It ends when no item's probability of a class has moved by more than this; default 1e-5. */
  tolerance?: number;
}

/** I items, L labelers, K classes. */
export interface DawidSkene {
  /** Probability that item i is of class k, at `i * K + k`; those of an item sum to 1. */
  posteriors_IK: Float64Array;
  /** Share of the classes. */
  priors_K: Float64Array;
  /** Probability that labeler l answers a to an item of class k, at `(l * K + a) * K + k`. */
  answers_LAK: Float64Array;
  iterations: number;
}

/** What is taken for zero, of which no logarithm is taken. */
const TINY = 1e-10;

/**
 * Fits the model by EM, from the shares of each item's votes (eq. 3.1) on. Each item needs a vote. The same votes in the
 * same order give the same numbers.
 */
export function dawidSkene(
  votes: Votes,
  { maxIterations = 200, tolerance = 1e-5 }: DawidSkeneOptions = {},
): DawidSkene {
  const { itemCount, labelerCount, classCount } = votes;
  const posteriors_IK = voteShares(votes);
  const answers_LAK = new Float64Array(labelerCount * classCount * classCount);
  const priors_K = new Float64Array(classCount);
  const logs_LAK = new Float64Array(answers_LAK.length);
  const scores_IK = new Float64Array(itemCount * classCount);
  maximise(votes, posteriors_IK, answers_LAK, priors_K);
  let iterations = 0;
  for (let moved = Infinity; iterations < maxIterations && moved > tolerance; iterations++) {
    for (let n = 0; n < logs_LAK.length; n++) logs_LAK[n] = Math.log(answers_LAK[n]);
    moved = expect(votes, logs_LAK, priors_K, scores_IK, posteriors_IK);
    maximise(votes, posteriors_IK, answers_LAK, priors_K);
  }
  return { posteriors_IK, priors_K, answers_LAK, iterations };
}

/** Of each item's votes the share of each class (eq. 3.1). */
function voteShares({ items, answers, itemCount, classCount }: Votes): Float64Array {
  const shares_IK = new Float64Array(itemCount * classCount), counts = new Uint32Array(itemCount);
  for (let v = 0; v < items.length; v++) {
    shares_IK[items[v] * classCount + answers[v]]++;
    counts[items[v]]++;
  }
  for (let n = 0; n < shares_IK.length; n++) shares_IK[n] /= counts[Math.floor(n / classCount)];
  return shares_IK;
}

/** The labelers' answers (eq. 2.3) and the classes' shares (eq. 2.4) that make the posteriors most likely. */
function maximise(
  { items, labelers, answers, itemCount, labelerCount, classCount: K }: Votes,
  posteriors_IK: Float64Array,
  answers_LAK: Float64Array,
  priors_K: Float64Array,
): void {
  answers_LAK.fill(0);
  const given_LA = new Uint8Array(labelerCount * K);
  for (let v = 0; v < items.length; v++) {
    const row = labelers[v] * K + answers[v];
    given_LA[row] = 1;
    for (let k = 0; k < K; k++) answers_LAK[row * K + k] += posteriors_IK[items[v] * K + k];
  }
  for (let l = 0; l < labelerCount; l++) {
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let a = 0; a < K; a++) {
        const at = (l * K + a) * K + k;
        // An answer that the labeler gives is not impossible for a class that no item seems to have.
        if (given_LA[l * K + a]) sum += answers_LAK[at] = Math.max(answers_LAK[at], TINY);
      }
      for (let a = 0; a < K; a++) answers_LAK[(l * K + a) * K + k] /= sum || 1;
    }
  }
  priors_K.fill(0);
  for (let i = 0; i < itemCount; i++) {
    for (let k = 0; k < K; k++) priors_K[k] += posteriors_IK[i * K + k];
  }
  for (let k = 0; k < K; k++) priors_K[k] /= itemCount;
}

/** The items' classes by the labelers' answers (eq. 2.5). @returns how far the posteriors moved at most */
function expect(
  { items, labelers, answers, itemCount, classCount: K }: Votes,
  logs_LAK: Float64Array,
  priors_K: Float64Array,
  scores_IK: Float64Array,
  posteriors_IK: Float64Array,
): number {
  const logPriors = priors_K.map((prior) => Math.log(Math.max(prior, TINY)));
  for (let i = 0; i < itemCount; i++) scores_IK.set(logPriors, i * K);
  for (let v = 0; v < items.length; v++) {
    const row = (labelers[v] * K + answers[v]) * K;
    for (let k = 0; k < K; k++) scores_IK[items[v] * K + k] += logs_LAK[row + k];
  }
  let moved = 0;
  for (let i = 0; i < itemCount; i++) {
    let best = -Infinity, sum = 0;
    for (let k = 0; k < K; k++) best = Math.max(best, scores_IK[i * K + k]);
    for (let k = 0; k < K; k++) {
      sum += scores_IK[i * K + k] = Math.exp(scores_IK[i * K + k] - best);
    }
    for (let k = 0; k < K; k++) {
      const posterior = scores_IK[i * K + k] / sum;
      moved = Math.max(moved, Math.abs(posterior - posteriors_IK[i * K + k]));
      posteriors_IK[i * K + k] = posterior;
    }
  }
  return moved;
}
