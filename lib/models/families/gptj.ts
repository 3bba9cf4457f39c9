import { rotaryDim } from "@/lib/models/config.ts";
import { differing, type Family, readSizes } from "@/lib/models/families/family.ts";
import { GPT_NAMES, writeGptSizes } from "@/lib/models/families/gpt-sizes.ts";

/** GPT-J (Wang and Komatsuzaki 2021): both blocks read one norm, neighbouring numbers are rotated. */
export const gptj: Family = {
  name: "gptj",
  models: "GPT-J 6B",
  model: "GPTJForCausalLM",
  block: "GPTJBlock",
  files: {
    layers: "transformer.h.",
    modules: {
      "model.embed_tokens": "transformer.wte",
      "input_layernorm": "ln_1",
      "self_attn.q_proj": "attn.q_proj",
      "self_attn.k_proj": "attn.k_proj",
      "self_attn.v_proj": "attn.v_proj",
      "self_attn.o_proj": "attn.out_proj",
      "mlp.up_proj": "mlp.fc_in",
      "mlp.down_proj": "mlp.fc_out",
      "model.norm": "transformer.ln_f",
    },
    /** Numbers 2j and 2j + 1 of a head are rotated together; here they are j and j + R/2. */
    rows(module, config) {
      if (module !== "self_attn.q_proj" && module !== "self_attn.k_proj") return null;
      const { num_attention_heads: H, head_dim: K } = config, half = rotaryDim(config) / 2;
      return Int32Array.from({ length: H * K }, (_, i) => {
        const d = i % K, head = i - d;
        return head + (d < half ? 2 * d : d < 2 * half ? 2 * (d - half) + 1 : d);
      });
    },
    derived: /\.attn\.(masked_)?bias$/,
  },
  read(hf) {
    hf.expect("activation_function", "gelu_new");
    return {
      ...readSizes(hf, { tied: false, names: GPT_NAMES, epsilon: 1e-5 }),
      rope_theta: 10000,
      ...differing({
        norm: "layer",
        activation: "gelu-tanh",
        gated: false,
        biased: ["mlp.up_proj", "mlp.down_proj", "lm_head"],
        parallel: "one-norm",
        rotaryDim: hf.number("rotary_dim", 64),
      }),
    };
  },
  write: (config) => ({ ...writeGptSizes(config), rotary_dim: rotaryDim(config) }),
};
