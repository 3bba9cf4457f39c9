import { InputError } from "@/lib/errors.ts";
import type { RopeScaling } from "@/lib/models/config.ts";
import {
  differing,
  type Family,
  type HfConfig,
  readRope,
  readSizes,
  ropeParameters,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  type GgufFamily,
  readGgufRope,
  readGgufSizes,
  readGgufWindow,
  writeGgufRope,
  writeGgufSizes,
} from "@/lib/models/families/gguf.ts";
import type { GgufMetadata } from "@/lib/models/gguf-metadata.ts";
import { float, uint } from "@/lib/models/gguf-writer.ts";

/** Factors of long sequences are kept for the file alone: sequences end where the others end to hold. */
function readLongRope(hf: HfConfig, half: number): RopeScaling {
  const rope = ropeParameters(hf);
  const factors = (key: "short_factor" | "long_factor") => {
    const list = rope[key];
    if (Array.isArray(list) && list.length === half) return list.map((x) => hf.positive(key, x));
    throw new InputError(`${hf.where}: ${key} has to be a list of ${half} numbers.`);
  };
  const original = hf.positive(
    "original_max_position_embeddings",
    rope.original_max_position_embeddings ?? hf.json.original_max_position_embeddings,
  );
  const factor = hf.number("max_position_embeddings", 4096) / original;
  const own = rope.attention_factor;
  return {
    rope_type: "longrope",
    short_factor: factors("short_factor"),
    long_factor: factors("long_factor"),
    original_max_position_embeddings: original,
    attention_factor: typeof own === "number"
      ? own
      : factor <= 1
      ? 1
      : Math.sqrt(1 + Math.log(factor) / Math.log(original)),
  };
}

/** Tensors of a GGUF file that hold the factors of short and of long sequences. */
const FACTORS = {
  short_factor: "rope_factors_short.weight",
  long_factor: "rope_factors_long.weight",
};

function readGgufLongRope(gguf: GgufMetadata): Record<string, unknown> {
  const [short_factor, long_factor] = Object.values(FACTORS).map((name) => gguf.floats(name));
  if (!short_factor) return {};
  return {
    rope_scaling: {
      rope_type: "longrope",
      short_factor,
      long_factor,
      original_max_position_embeddings: gguf.number("rope.scaling.original_context_length"),
      attention_factor: gguf.optional("rope.scaling.attn_factor"),
    },
  };
}

const PHI3_GGUF: GgufFamily = {
  architecture: "phi3",
  read(gguf) {
    const sizes = readGgufSizes(gguf, { norm: "rms" });
    const rotated = gguf.number("rope.dimension_count", sizes.head_dim as number);
    return {
      ...sizes,
      ...readGgufRope(gguf, { part: true, own: ["longrope"] }),
      ...readGgufLongRope(gguf),
      ...readGgufWindow(gguf),
      partial_rotary_factor: rotated / (sizes.head_dim as number),
    };
  },
  write(config) {
    const { ropeScaling: scaling, slidingWindow } = config.differences ?? {};
    return {
      ...writeGgufSizes(config),
      ...writeGgufRope(config),
      // llama.cpp wants the key; 0 stands for none.
      "attention.sliding_window": uint(slidingWindow ?? 0),
      "rope.scaling.original_context_length": uint(config.max_position_embeddings),
      ...(scaling?.rope_type === "longrope"
        ? { "rope.scaling.attn_factor": float(scaling.attention_factor) }
        : {}),
    };
  },
  tensors(config) {
    const scaling = config.differences?.ropeScaling;
    if (scaling?.rope_type !== "longrope") return new Map();
    return new Map([
      [FACTORS.short_factor, Float32Array.from(scaling.short_factor)],
      [FACTORS.long_factor, Float32Array.from(scaling.long_factor)],
    ]);
  },
};

/** Phi-3 (arXiv:2404.14219): Llama with joined matrices in its files; long sequences are refused. */
export const phi3: Family = {
  name: "phi3",
  models: "Phi-3 mini and medium, Phi-3.5 mini, Phi-4 (mini)",
  model: "Phi3ForCausalLM",
  block: "Phi3DecoderLayer",
  gguf: PHI3_GGUF,
  read(hf) {
    hf.expect("hidden_act", "silu");
    const sizes = readSizes(hf, { tied: false, epsilon: 1e-5 }), rope = ropeParameters(hf);
    const share = hf.number("partial_rotary_factor", (rope.partial_rotary_factor ?? 1) as number);
    const rotaryDim = Math.floor(sizes.head_dim * share);
    const type = rope.rope_type ?? rope.type;
    // Early files call it by the name of its first description.
    const isLong = type === "longrope" || type === "su";
    const { ropeScaling, rope_theta } = isLong
      ? {
        rope_theta: hf.number("rope_theta", (rope.rope_theta ?? 10000) as number),
        ropeScaling: readLongRope(hf, rotaryDim / 2),
      }
      : readRope(hf);
    return {
      ...sizes,
      rope_theta,
      ...(ropeScaling?.rope_type === "longrope"
        ? { max_position_embeddings: ropeScaling.original_max_position_embeddings }
        : {}),
      ...differing({
        joined: ["self_attn.qkv_proj", "mlp.gate_up_proj"],
        rotaryDim: rotaryDim === sizes.head_dim ? undefined : rotaryDim,
        ropeScaling,
        slidingWindow: hf.optional("sliding_window"),
      }),
    };
  },
  write(config) {
    const { ropeScaling, slidingWindow, rotaryDim } = config.differences ?? {};
    return {
      ...writeSizes(config),
      ...writeRope(config),
      partial_rotary_factor: (rotaryDim ?? config.head_dim) / config.head_dim,
      original_max_position_embeddings: ropeScaling?.rope_type === "longrope"
        ? ropeScaling.original_max_position_embeddings
        : config.max_position_embeddings,
      sliding_window: slidingWindow ?? null,
      hidden_act: "silu",
      attention_dropout: 0,
      resid_pdrop: 0,
      embd_pdrop: 0,
    };
  },
};
