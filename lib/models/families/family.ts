/**
 * What a family of models says of itself, and what families share of reading and writing config.json.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig, RopeScaling } from "@/lib/models/config.ts";
import type { GgufFamily } from "@/lib/models/families/gguf.ts";

/** A family: how its config.json and its tensors are to be understood. */
export interface Family {
  /** `model_type` in config.json. */
  name: string;
  /** Models of this family that people know. */
  models: string;
  /** Classes of the whole model and of one layer in transformers. */
  model: string;
  block: string;
  /** @throws InputError for what the decoder does not compute */
  read(hf: HfConfig): Omit<DecoderConfig, "architecture">;
  /** The keys of config.json beside those that all families share. */
  write(config: DecoderConfig): Record<string, unknown>;
  /** Names of tensors in files, where they are not those that the decoder uses. */
  files?: FileNames;
  /** How llama.cpp stores it; absent where llama.cpp does not compute it. */
  gguf?: GgufFamily;
}

/** How files name and order what the decoder calls by Llama's names. */
export interface FileNames {
  /** What stands before a layer's number; `model.layers.` where it is not said. */
  layers?: string;
  /** File's names of modules: in a layer without its prefix, outside of layers in full. */
  modules: Readonly<Record<string, string>>;
  /** Modules whose matrices are stored as [in, out]. */
  transposed?: readonly string[];
  /** For a module whose rows are in another order: which of the file's rows is row i here. */
  rows?(module: string, config: DecoderConfig): Int32Array | null;
  /** Other names that a file may have for one of its tensors. */
  alternatives?(name: string): string[];
  /** Tensors that follow from the configuration. */
  derived?: RegExp;
}

/** A config.json that is being read. */
export class HfConfig {
  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    readonly where: string,
    readonly family: string,
  ) {}

  /** A number; `otherwise` where the key is missing or null. The whole is checked by `checkConfig`. */
  number(key: string, otherwise?: number): number {
    return (this.json[key] ?? otherwise) as number;
  }

  /** A number that is there or not. */
  optional(key: string, otherwise?: number): number | undefined {
    const value = key in this.json ? this.json[key] : otherwise;
    return value === null || value === undefined ? undefined : this.positive(key, value);
  }

  flag(key: string, otherwise: boolean): boolean {
    return (this.json[key] ?? otherwise) === true;
  }

  /** @throws InputError unless the value is one of those supported, of which the first is meant by a missing one */
  expect<T>(key: string, ...supported: [T, ...T[]]): T {
    const value = (this.json[key] ?? supported[0]) as T;
    this.supported(key, value, supported);
    return value;
  }

  supported(key: string, value: unknown, supported: readonly unknown[]): void {
    if (supported.includes(value)) return;
    const list = supported.map((one) => JSON.stringify(one)).join(", ");
    throw new InputError(
      `${this.where}: ${key} is ${JSON.stringify(value)}; only ${list} ${
        supported.length === 1 ? "is" : "are"
      } supported for ${this.family}.`,
    );
  }

  positive(key: string, value: unknown): number {
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw new InputError(
      `${this.where}: ${key} is ${
        JSON.stringify(value) ?? "missing"
      }; a positive number belongs there.`,
    );
  }
}

/** Names of the sizes in config.json where they are not those of {@link DecoderConfig}. */
export interface SizeNames {
  hidden_size?: string;
  num_hidden_layers?: string;
  num_attention_heads?: string;
  max_position_embeddings?: string;
  rms_norm_eps?: string;
  intermediate_size?: string;
}

/** The numbers that every family has. */
export function readSizes(
  hf: HfConfig,
  { tied, names = {}, epsilon = 1e-6 }: { tied: boolean; names?: SizeNames; epsilon?: number },
) {
  const of = (key: keyof SizeNames) => names[key] ?? key;
  const heads = hf.number(of("num_attention_heads")), hidden = hf.number(of("hidden_size"));
  const { bos_token_id: bos, eos_token_id: eos } = hf.json;
  return {
    hidden_size: hidden,
    intermediate_size: hf.number(of("intermediate_size"), 4 * hidden),
    num_hidden_layers: hf.number(of("num_hidden_layers")),
    num_attention_heads: heads,
    num_key_value_heads: hf.number("num_key_value_heads", heads),
    head_dim: hf.number("head_dim", hidden / heads),
    vocab_size: hf.number("vocab_size"),
    rms_norm_eps: hf.number(of("rms_norm_eps"), epsilon),
    tie_word_embeddings: hf.flag("tie_word_embeddings", tied),
    max_position_embeddings: hf.number(of("max_position_embeddings"), 2048),
    ...(typeof bos === "number" ? { bos_token_id: bos } : {}),
    eos_token_id: (Array.isArray(eos) ? eos[0] : eos) as number,
  };
}

/** The sizes as config.json has them. */
export function writeSizes(
  { architecture: _, differences: __, rope_theta: ___, ...sizes }: DecoderConfig,
): Record<string, unknown> {
  return sizes;
}

/** `rope_parameters` of transformers 5, or what stood for it before. */
export const ropeParameters = (hf: HfConfig): Record<string, unknown> =>
  (hf.json.rope_parameters ?? hf.json.rope_scaling ?? {}) as Record<string, unknown>;

/**
 * Base and scaling of rotary positions.
 * @throws InputError for another scaling than linear and llama3
 */
export function readRope(
  hf: HfConfig,
  { parameters: rope = ropeParameters(hf), theta = 10000 }: {
    parameters?: Record<string, unknown>;
    theta?: number;
  } = {},
): { rope_theta: number; ropeScaling?: RopeScaling } {
  const type = rope.rope_type ?? rope.type ?? "default";
  hf.supported("rope_type", type, ["default", "linear", "llama3"]);
  const positive = (key: string) => hf.positive(key, rope[key]);
  const rope_theta = hf.number("rope_theta", (rope.rope_theta ?? theta) as number);
  if (type === "linear") {
    return { rope_theta, ropeScaling: { rope_type: type, factor: positive("factor") } };
  }
  if (type === "llama3") {
    const ropeScaling = {
      rope_type: type,
      factor: positive("factor"),
      low_freq_factor: positive("low_freq_factor"),
      high_freq_factor: positive("high_freq_factor"),
      original_max_position_embeddings: positive("original_max_position_embeddings"),
    } as const;
    return { rope_theta, ropeScaling };
  }
  return { rope_theta };
}

/** Base and scaling in the keys that transformers 4 and 5 both read. */
export const writeRope = ({ rope_theta, differences }: DecoderConfig): Record<string, unknown> => ({
  rope_theta,
  rope_scaling: differences?.ropeScaling ?? null,
});

/** Differences that there are; none where nothing differs. */
export function differing(
  differences: NonNullable<DecoderConfig["differences"]>,
): Pick<DecoderConfig, "differences"> {
  const there = Object.entries(differences).filter(([, value]) => value !== undefined);
  return there.length > 0 ? { differences: Object.fromEntries(there) } : {};
}
