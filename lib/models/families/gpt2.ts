import { differing, type Family, readSizes } from "@/lib/models/families/family.ts";
import { readGgufSizes, writeGgufSizes } from "@/lib/models/families/gguf.ts";
import { GPT_NAMES, writeGptSizes } from "@/lib/models/families/gpt-sizes.ts";

/** GPT-2 (Radford et al. 2019): learned positions, layer norms; its files hold matrices as [in, out]. */
export const gpt2: Family = {
  name: "gpt2",
  models: "GPT-2, small to XL",
  model: "GPT2LMHeadModel",
  block: "GPT2Block",
  files: {
    layers: "transformer.h.",
    modules: {
      "model.embed_tokens": "transformer.wte",
      "model.embed_positions": "transformer.wpe",
      "input_layernorm": "ln_1",
      "self_attn.qkv_proj": "attn.c_attn",
      "self_attn.o_proj": "attn.c_proj",
      "post_attention_layernorm": "ln_2",
      "mlp.up_proj": "mlp.c_fc",
      "mlp.down_proj": "mlp.c_proj",
      "model.norm": "transformer.ln_f",
    },
    transposed: ["self_attn.qkv_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"],
    // The first files were written without the head's class around the model.
    alternatives: (name) => [name.replace(/^transformer\./, "")],
    derived: /\.attn\.(masked_)?bias$/,
  },
  gguf: {
    architecture: "gpt2",
    ownHead: true,
    read: (gguf) => readGgufSizes(gguf, { norm: "layer", names: GPT_NAMES }),
    write: writeGgufSizes,
  },
  read(hf) {
    hf.expect("activation_function", "gelu_new");
    hf.expect("scale_attn_weights", true);
    hf.expect("scale_attn_by_inverse_layer_idx", false);
    hf.expect("add_cross_attention", false);
    return {
      ...readSizes(hf, { tied: true, names: GPT_NAMES, epsilon: 1e-5 }),
      rope_theta: 10000,
      ...differing({
        norm: "layer",
        activation: "gelu-tanh",
        gated: false,
        biased: ["self_attn.qkv_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"],
        joined: ["self_attn.qkv_proj"],
        learnedPositions: true,
        rotaryDim: 0,
      }),
    };
  },
  write: writeGptSizes,
};
