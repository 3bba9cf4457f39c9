/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): angles of positions, and their scalings.
 *
 * @module
 */
import { type DecoderConfig, type RopeScaling, rotaryDim } from "@/lib/models/config.ts";
import { InputError } from "@/lib/errors.ts";
import { scaledFrequencies } from "@/lib/models/rope-scaling.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/** Cosines and sines of the rotary angles, each [N, 1, R/2], fp32; R numbers of a head are rotated. */
export interface RopeTables {
  cos: tf.Tensor;
  sin: tf.Tensor;
}

/**
 * The rotary angles' tables for the given positions; computed in double precision.
 *
 * @param sliding for layers that see a window alone, where those have a base of their own
 */
export function ropeTables(
  positions: ArrayLike<number>,
  config: DecoderConfig,
  sliding = false,
): RopeTables {
  const { ropeScaling, slidingRopeTheta } = config.differences ?? {};
  const ownBase = sliding && slidingRopeTheta !== undefined;
  const dim = rotaryDim(config), half = dim / 2, N = positions.length;
  const theta = ownBase ? slidingRopeTheta : config.rope_theta;
  const scaling = ownBase ? undefined : ropeScaling;
  const frequencies = scaledFrequencies(
    Array.from({ length: half }, (_, i) => theta ** (-2 * i / dim)),
    scaling,
  );
  if (scaling?.rope_type === "longrope") checkLength(positions, scaling);
  const factor = scaling?.rope_type === "longrope" ? scaling.attention_factor : 1;
  const cos = new Float32Array(N * half), sin = new Float32Array(N * half);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < half; i++) {
      // As PyTorch, which rounds the frequency and the angle to fp32 before it takes the cosine.
      const angle = Math.fround(positions[n] * Math.fround(frequencies[i]));
      cos[n * half + i] = factor * Math.cos(angle);
      sin[n * half + i] = factor * Math.sin(angle);
    }
  }
  return { cos: tf.tensor3d(cos, [N, 1, half]), sin: tf.tensor3d(sin, [N, 1, half]) };
}

/** Behind the length that the model was first made for its other factors hold, for whole sequences. */
function checkLength(
  positions: ArrayLike<number>,
  { original_max_position_embeddings: limit }: Extract<RopeScaling, { rope_type: "longrope" }>,
): void {
  for (let n = 0; n < positions.length; n++) {
    if (positions[n] < limit) continue;
    throw new InputError(
      `a sequence has more than ${limit} tokens; behind them this model's rotary positions change (longrope), which is ` +
        "not supported: give shorter ones.",
    );
  }
}
