import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  readGgufRope,
  readGgufSizes,
  readGgufWindow,
  writeGgufRope,
  writeGgufSizes,
  writeGgufWindow,
} from "@/lib/models/families/gguf.ts";

const NAMES = { rms_norm_eps: "norm_epsilon" };
const PRODUCTS = ["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => `self_attn.${name}`);

/** StarCoder2 (arXiv:2402.19173): layer norms, biases, and a feed-forward block without gate. */
export const starcoder2: Family = {
  name: "starcoder2",
  models: "StarCoder2",
  model: "Starcoder2ForCausalLM",
  block: "Starcoder2DecoderLayer",
  files: { modules: { "mlp.up_proj": "mlp.c_fc", "mlp.down_proj": "mlp.c_proj" } },
  gguf: {
    architecture: "starcoder2",
    read: (gguf) => ({
      ...readGgufSizes(gguf, { norm: "layer", names: NAMES }),
      ...readGgufRope(gguf),
      ...readGgufWindow(gguf),
      use_bias: gguf.hasTensor("blk.0.attn_q.bias"),
    }),
    write: (config) => ({
      ...writeGgufSizes(config),
      ...writeGgufRope(config),
      ...writeGgufWindow(config),
    }),
    withoutWindow: true,
  },
  read(hf) {
    hf.expect("hidden_act", "gelu_pytorch_tanh");
    const { ropeScaling, ...rope } = readRope(hf);
    return {
      ...readSizes(hf, { tied: true, names: NAMES, epsilon: 1e-5 }),
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
