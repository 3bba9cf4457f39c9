/**
 * Llama 3's scaling of rotary positions in GGUF, which holds the factors that frequencies are divided by
 * (`rope_freqs.weight`) instead of the numbers that these follow from.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig, RopeScaling } from "@/lib/models/config.ts";
import type { GgufMetadata } from "@/lib/models/gguf-metadata.ts";
import { scaledFrequencies } from "@/lib/models/rope-scaling.ts";

type Llama3Scaling = Extract<RopeScaling, { rope_type: "llama3" }>;

/** The tensor's name in files. */
export const ROPE_FREQS = "rope_freqs.weight";

/**
 * Only ratios of the three are in the factors; these two are those of every Llama 3. The third is the length that the
 * model was first made for.
 */
const LOW = 1, HIGH = 4;

/** Lengths to try where no frequency lies between those that are kept and those that are divided. */
const LENGTHS = [8192, ...Array.from({ length: 20 }, (_, i) => 2 ** i)];

const frequenciesOf = (theta: number, dim: number) =>
  Array.from({ length: dim / 2 }, (_, i) => theta ** (-2 * i / dim));

/** The factors of a model's frequencies; none where it is not scaled in this way. */
export function llama3Factors(config: DecoderConfig): Map<string, Float32Array> {
  const scaling = config.differences?.ropeScaling;
  if (scaling?.rope_type !== "llama3") return new Map();
  const frequencies = frequenciesOf(config.rope_theta, config.head_dim);
  const scaled = scaledFrequencies(frequencies, scaling);
  return new Map([[ROPE_FREQS, Float32Array.from(frequencies, (f, i) => f / scaled[i])]]);
}

/**
 * The scaling that a file's factors come from.
 *
 * @throws InputError when they come from another formula, or other constants, than Llama 3's
 */
export function readLlama3Factors(gguf: GgufMetadata): { rope_scaling?: Llama3Scaling } {
  const factors = gguf.floats(ROPE_FREQS);
  if (!factors) return {};
  const frequencies = frequenciesOf(gguf.number("rope.freq_base", 10000), 2 * factors.length);
  const factor = Math.max(...factors);
  const between = factors.findIndex((one) => one > 1 && one < factor);
  const lengths = between < 0
    ? LENGTHS
    : [originalLength(factors[between], factor, frequencies[between])];
  for (const original_max_position_embeddings of lengths) {
    const rope_scaling: Llama3Scaling = {
      rope_type: "llama3",
      factor,
      low_freq_factor: LOW,
      high_freq_factor: HIGH,
      original_max_position_embeddings,
    };
    const scaled = scaledFrequencies(frequencies, rope_scaling);
    const fits = factors.every((one, i) => Math.abs(frequencies[i] / scaled[i] / one - 1) < 1e-5);
    if (fits) return { rope_scaling };
  }
  throw new InputError(
    `${gguf.path}: the factors in ${ROPE_FREQS} are not Llama 3's (low_freq_factor ${LOW}, high_freq_factor ${HIGH}); ` +
      "other ones are not supported.",
  );
}

/** The length at which this frequency's factor lies where it does between 1 and the largest. */
function originalLength(one: number, largest: number, frequency: number): number {
  const kept = (1 / one - 1 / largest) / (1 - 1 / largest);
  return Math.round((LOW + kept * (HIGH - LOW)) * 2 * Math.PI / frequency);
}
