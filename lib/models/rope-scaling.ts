/**
 * Rotary frequencies other than θ^(−2i/d), as transformers' modeling_rope_utils.py scales them.
 *
 * @module
 */
import type { RopeScaling } from "@/lib/models/config.ts";

/** The frequencies of positions as they are, scaled. */
export function scaledFrequencies(
  frequencies: number[],
  scaling: RopeScaling | undefined,
): number[] {
  switch (scaling?.rope_type) {
    case undefined:
      return frequencies;
    case "linear":
      return frequencies.map((frequency) => frequency / scaling.factor);
    case "longrope":
      return frequencies.map((frequency, i) => frequency / scaling.short_factor[i]);
    case "llama3": {
      const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
      return frequencies.map((frequency) => {
        const turns = scaling.original_max_position_embeddings * frequency / (2 * Math.PI);
        // 1 where a frequency is kept, 0 where it is divided.
        const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
        return (1 - kept) * frequency / factor + kept * frequency;
      });
    }
  }
}
