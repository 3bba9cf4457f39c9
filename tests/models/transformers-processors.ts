/**
 * The rules of transformers' logits processors (src/transformers/generation/logits_process.py), written down as
 * plainly as they are there: each makes new scores from scores, what is removed becomes −∞.
 *
 * @module
 */

export interface ProcessorSettings {
  repetitionPenalty: number;
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
}

/** Softmax of the scores that all processors leave, in the order in which `generate` applies them. */
export function processed(
  logits: ArrayLike<number>,
  inputIds: number[],
  { repetitionPenalty, temperature, topK, topP, minP }: ProcessorSettings,
): number[] {
  let scores = Array.from(logits);
  scores = repetition(scores, inputIds, repetitionPenalty);
  scores = scores.map((score) => score / temperature);
  if (topK > 0) scores = topKWarper(scores, topK);
  if (topP < 1) scores = topPWarper(scores, topP);
  if (minP > 0) scores = minPWarper(scores, minP);
  return softmax(scores);
}

export function softmax(scores: number[]): number[] {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** RepetitionPenaltyLogitsProcessor. */
export function repetition(scores: number[], inputIds: number[], penalty: number): number[] {
  const out = [...scores];
  // Gathered first, then scattered: a token that occurs twice is penalised once.
  for (const id of inputIds) out[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
  return out;
}

/** TopKLogitsWarper. */
function topKWarper(scores: number[], topK: number): number[] {
  const kth = [...scores].sort((a, b) => b - a)[Math.min(topK, scores.length) - 1];
  return scores.map((score) => score < kth ? -Infinity : score);
}

/** TopPLogitsWarper. */
function topPWarper(scores: number[], topP: number): number[] {
  const ascending = [...scores.keys()].sort((a, b) => scores[a] - scores[b]);
  const probabilities = softmax(ascending.map((id) => scores[id]));
  const out = [...scores];
  let cumulative = 0;
  for (const [i, id] of ascending.slice(0, -1).entries()) {
    cumulative += probabilities[i];
    if (cumulative <= 1 - topP) out[id] = -Infinity;
  }
  return out;
}

/** MinPLogitsWarper. */
function minPWarper(scores: number[], minP: number): number[] {
  const probabilities = softmax(scores), largest = Math.max(...probabilities);
  return scores.map((score, id) => probabilities[id] < minP * largest ? -Infinity : score);
}
