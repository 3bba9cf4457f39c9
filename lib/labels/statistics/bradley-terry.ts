/**
 * Strengths of models by the Bradley–Terry model.
 *
 * @module
 */
import {
  type BootstrapOptions,
  percentileInterval,
  resampled,
} from "@/lib/labels/statistics/bootstrap.ts";
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";

/** Pairs of two models' solutions that were judged equally often each way. */
export interface DuelTally {
  first: string;
  second: string;
  /** Labels for the first model's solution. */
  wins: number;
  /** Labels for the second model's. */
  losses: number;
  /** Labels that prefer neither: `same` and `both bad`. */
  ties: number;
  /** How many pairs have these counts. */
  pairs: number;
}

/** A model's place. */
export interface ModelStrength {
  model: string;
  /** Log-odds; the mean over models is 0. `n`: labels that compare the model with another one. */
  strength: Estimate;
  /** The mean probability of being preferred to each of the other models, ties half. */
  winRate: Estimate;
  wins: number;
  losses: number;
  ties: number;
}

/** Precision of the prior: strengths have a standard deviation of 3 before anything is seen. */
const PRECISION = 1 / 9;

/**
 * P(i is preferred to j) = 1/(1 + exp(θ_j − θ_i)). A tie counts as half a win for each. θ maximises the likelihood
 * times a normal prior with mean 0 and standard deviation 3, which keeps a model that won every time finite and
 * moves others little. The intervals are bootstrapped over pairs.
 *
 * R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", 1952; for the prior and the existence
 * of the maximum D. R. Hunter, "MM algorithms for generalized Bradley–Terry models", 2004, section 2.
 *
 * @returns the strongest first; empty when no label compares two models
 */
export function bradleyTerry(
  tallies: readonly DuelTally[],
  options?: BootstrapOptions,
): ModelStrength[] {
  const models = [...new Set(tallies.flatMap(({ first, second }) => [first, second]))].sort();
  const index = new Map(models.map((model, i) => [model, i]));
  const duels = tallies.map((tally) => ({
    ...tally,
    i: index.get(tally.first)!,
    j: index.get(tally.second)!,
  }));
  const fit = (pairs: ArrayLike<number>, start?: Float64Array) => {
    const wins = models.map(() => new Float64Array(models.length));
    duels.forEach(({ i, j, wins: won, losses, ties }, k) => {
      wins[i][j] += pairs[k] * (won + ties / 2);
      wins[j][i] += pairs[k] * (losses + ties / 2);
    });
    return strengths(wins, start);
  };

  const times = duels.map(({ pairs }) => pairs);
  const best = fit(times);
  const samples: Float64Array[] = [];
  if (models.length > 0) {
    for (const drawn of resampled(times, options)) samples.push(fit(drawn, best));
  }
  return models.map((model, i) => {
    const count = (of: (duel: (typeof duels)[number]) => number) =>
      duels.reduce((sum, duel) => sum + duel.pairs * of(duel), 0);
    const wins = count((d) => d.i === i ? d.wins : d.j === i ? d.losses : 0);
    const losses = count((d) => d.i === i ? d.losses : d.j === i ? d.wins : 0);
    const ties = count((d) => d.i === i || d.j === i ? d.ties : 0);
    const estimate = (of: (theta: Float64Array) => number): Estimate => {
      const [low, high] = percentileInterval(samples.map(of))!;
      return { value: of(best), low, high, n: wins + losses + ties };
    };
    return {
      model,
      strength: estimate((theta) => theta[i]),
      winRate: estimate((theta) => meanWinRate(theta, i)),
      wins,
      losses,
      ties,
    };
  }).sort((a, b) => b.strength.value - a.strength.value || (a.model < b.model ? -1 : 1));
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function meanWinRate(theta: Float64Array, i: number): number {
  let sum = 0;
  theta.forEach((other, j) => sum += j === i ? 0 : sigmoid(theta[i] - other));
  return sum / (theta.length - 1);
}

/** Newton's method on the log posterior, which is strictly concave. @param wins of row over column */
function strengths(wins: readonly Float64Array[], start?: Float64Array): Float64Array {
  const n = wins.length;
  const theta = start ? start.slice() : new Float64Array(n);
  for (let step = 0; step < 100; step++) {
    const gradient = theta.map((value) => -PRECISION * value);
    const curvature = wins.map((_, i) => {
      const row = new Float64Array(n);
      row[i] = PRECISION;
      return row;
    });
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (i === j) continue;
        const p = sigmoid(theta[i] - theta[j]), duels = wins[i][j] + wins[j][i];
        gradient[i] += wins[i][j] - duels * p;
        curvature[i][i] += duels * p * (1 - p);
        curvature[i][j] -= duels * p * (1 - p);
      }
    }
    const move = solved(curvature, gradient);
    // A step of more than 2 leaves the region where the quadratic is any good.
    const scale = Math.min(1, 2 / Math.max(...move.map(Math.abs)));
    move.forEach((delta, i) => theta[i] += scale * delta);
    if (Math.max(...move.map(Math.abs)) < 1e-10) break;
  }
  return theta;
}

/** x of a·x = b for a symmetric positive definite `a`, by Gaussian elimination, which overwrites both. */
function solved(a: Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = a[i][k] / a[k][k];
      if (factor === 0) continue;
      for (let j = k; j < n; j++) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}
