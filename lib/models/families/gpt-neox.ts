import { type DecoderConfig, type Differences, rotaryDim } from "@/lib/models/config.ts";
import {
  differing,
  type Family,
  readRope,
  readSizes,
  ropeParameters,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  readGgufRope,
  readGgufSizes,
  writeGgufRope,
  writeGgufSizes,
} from "@/lib/models/families/gguf.ts";
import { bool, text } from "@/lib/models/gguf-writer.ts";

const NAMES = { rms_norm_eps: "layer_norm_eps" };
const BIASED = ["self_attn.qkv_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"];

const activationOf = ({ differences: d }: DecoderConfig) =>
  d?.activation === "gelu" ? "gelu" : "gelu_new";

/** GPT-NeoX (arXiv:2204.06745): both blocks read the same stream, a part of each head is rotated. */
export const gptNeox: Family = {
  name: "gpt_neox",
  models: "Pythia, GPT-NeoX",
  model: "GPTNeoXForCausalLM",
  block: "GPTNeoXLayer",
  files: {
    layers: "gpt_neox.layers.",
    modules: {
      "model.embed_tokens": "gpt_neox.embed_in",
      "self_attn.qkv_proj": "attention.query_key_value",
      "self_attn.o_proj": "attention.dense",
      "mlp.up_proj": "mlp.dense_h_to_4h",
      "mlp.down_proj": "mlp.dense_4h_to_h",
      "model.norm": "gpt_neox.final_layer_norm",
      "lm_head": "embed_out",
    },
    /** The file has query, key and value of one head behind each other. */
    rows(module, { num_attention_heads: H, head_dim: K }) {
      if (module !== "self_attn.qkv_proj") return null;
      return Int32Array.from({ length: 3 * H * K }, (_, i) => {
        const d = i % K, head = Math.floor(i / K) % H, part = Math.floor(i / (H * K));
        return (3 * head + part) * K + d;
      });
    },
    alternatives: (name) => name === "embed_out.weight" ? ["lm_head.weight"] : [],
    derived: /\.attention\.(masked_)?bias$/,
  },
  gguf: {
    architecture: "gptneox",
    ownHead: true,
    read(gguf) {
      const sizes = readGgufSizes(gguf, { norm: "layer", names: NAMES });
      return {
        ...sizes,
        ...readGgufRope(gguf, { part: true }),
        rotary_pct: gguf.number("rope.dimension_count") / (sizes.head_dim as number),
        use_parallel_residual: gguf.flag("use_parallel_residual", true),
        attention_bias: gguf.hasTensor("blk.0.attn_output.bias"),
        // A key of our own: llama.cpp computes the approximation for all.
        hidden_act: gguf.text("hidden_act") ?? "gelu",
      };
    },
    write: (config) => ({
      ...writeGgufSizes(config),
      ...writeGgufRope(config),
      "use_parallel_residual": bool(config.differences?.parallel !== undefined),
      "hidden_act": text(activationOf(config)),
    }),
  },
  read(hf) {
    const act = hf.expect("hidden_act", "gelu", "gelu_new", "gelu_fast");
    const sizes = readSizes(hf, { tied: false, names: NAMES, epsilon: 1e-5 });
    const rope = ropeParameters(hf);
    const share = (rope.partial_rotary_factor ?? hf.number("rotary_pct", 0.25)) as number;
    const { ropeScaling, ...base } = readRope(hf, { theta: hf.number("rotary_emb_base", 10000) });
    const biased: Differences["biased"] = hf.flag("attention_bias", true)
      ? BIASED
      : BIASED.filter((name) => name.startsWith("mlp."));
    return {
      ...sizes,
      ...base,
      ...differing({
        norm: "layer",
        activation: act === "gelu" ? "gelu" : "gelu-tanh",
        gated: false,
        biased,
        joined: ["self_attn.qkv_proj"],
        parallel: hf.flag("use_parallel_residual", true) ? "two-norms" : undefined,
        rotaryDim: Math.floor(sizes.head_dim * share),
        ropeScaling,
      }),
    };
  },
  write(config) {
    const { num_key_value_heads: _, head_dim, rms_norm_eps, ...sizes } = writeSizes(config);
    const { biased, parallel } = config.differences ?? {};
    return {
      ...sizes,
      layer_norm_eps: rms_norm_eps,
      ...writeRope(config),
      rotary_emb_base: config.rope_theta,
      rotary_pct: rotaryDim(config) / (head_dim as number),
      hidden_act: activationOf(config),
      attention_bias: biased?.includes("self_attn.o_proj") ?? false,
      use_parallel_residual: parallel !== undefined,
      attention_dropout: 0,
      hidden_dropout: 0,
    };
  },
};
