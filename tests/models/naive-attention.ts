/**
 * Causal attention as its formula has it, in double precision: one query at a time, nothing shared.
 *
 * @module
 */
import type { DecoderConfig } from "@/lib/models/config.ts";

/** Numbers of heads and their width. */
type HeadShape = Pick<
  DecoderConfig,
  "num_attention_heads" | "num_key_value_heads" | "head_dim"
>;

/** Queries, keys and values (or their gradients) of tokens, by token. Queries and outputs are [H·K], the others [G·K]. */
export interface TokenVectors {
  q: Float64Array<ArrayBuffer>[];
  k: Float64Array<ArrayBuffer>[];
  v: Float64Array<ArrayBuffer>[];
}

/**
 * Output of one query over the keys it sees, and what it adds to the gradients of Σ out·dOut.
 *
 * @param x vectors by token; queries are not scaled
 * @param query the token that asks
 * @param visible the tokens that it sees, itself among them
 * @param dOut gradient of the output [H·K]
 * @param gradients sums that the query's share is added to
 * @returns mix of values [H·K]
 */
export function attendNaively(
  x: TokenVectors,
  query: number,
  visible: number[],
  dOut: Float64Array,
  gradients: TokenVectors,
  { num_attention_heads: H, num_key_value_heads: G, head_dim: K }: HeadShape,
): Float64Array<ArrayBuffer> {
  const out = new Float64Array(H * K);
  for (let h = 0; h < H; h++) {
    const g = Math.floor(h / (H / G));
    const dot = (a: Float64Array, atA: number, b: Float64Array, atB: number) => {
      let sum = 0;
      for (let i = 0; i < K; i++) sum += a[atA * K + i] * b[atB * K + i];
      return sum;
    };
    const scores = visible.map((token) => dot(x.q[query], h, x.k[token], g));
    const largest = Math.max(...scores);
    const exponentials = scores.map((score) => Math.exp(score - largest));
    const sum = exponentials.reduce((a, b) => a + b, 0);
    const p = exponentials.map((e) => e / sum);
    const dp = visible.map((token) => dot(dOut, h, x.v[token], g));
    const mean = p.reduce((total, pj, j) => total + pj * dp[j], 0);
    visible.forEach((token, j) => {
      const dScore = p[j] * (dp[j] - mean);
      for (let i = 0; i < K; i++) {
        out[h * K + i] += p[j] * x.v[token][g * K + i];
        gradients.q[query][h * K + i] += dScore * x.k[token][g * K + i];
        gradients.k[token][g * K + i] += dScore * x.q[query][h * K + i];
        gradients.v[token][g * K + i] += p[j] * dOut[h * K + i];
      }
    });
  }
  return out;
}
