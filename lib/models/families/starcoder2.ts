import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";

const PRODUCTS = ["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => `self_attn.${name}`);

/** StarCoder2 (arXiv:2402.19173): layer norms, biases, and a feed-forward block without gate. */
export const starcoder2: Family = {
  name: "starcoder2",
  models: "StarCoder2",
  model: "Starcoder2ForCausalLM",
  block: "Starcoder2DecoderLayer",
  files: { modules: { "mlp.up_proj": "mlp.c_fc", "mlp.down_proj": "mlp.c_proj" } },
  read(hf) {
    hf.expect("hidden_act", "gelu_pytorch_tanh");
    const { ropeScaling, ...rope } = readRope(hf);
    return {
      ...readSizes(hf, { tied: true, names: { rms_norm_eps: "norm_epsilon" }, epsilon: 1e-5 }),
      ...rope,
      ...differing({
        norm: "layer",
        activation: "gelu-tanh",
        gated: false,
        biased: hf.flag("use_bias", true)
          ? [...PRODUCTS, "mlp.up_proj", "mlp.down_proj"]
          : undefined,
        ropeScaling,
        slidingWindow: hf.optional("sliding_window"),
      }),
    };
  },
  write(config) {
    const { rms_norm_eps: norm_epsilon, ...sizes } = writeSizes(config);
    return {
      ...sizes,
      norm_epsilon,
      ...writeRope(config),
      sliding_window: config.differences?.slidingWindow ?? null,
      use_bias: config.differences?.biased !== undefined,
      hidden_act: "gelu_pytorch_tanh",
      attention_dropout: 0,
      residual_dropout: 0,
      embedding_dropout: 0,
    };
  },
};
