/**
 * The tensors of a model as llama.cpp names and lays them out in GGUF.
 *
 * @see {@link https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/tensor_mapping.py} for the names
 * @module
 */
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { familyOf } from "@/lib/models/families/mod.ts";

/** A tensor as it is in GGUF files. */
export interface GgufStored {
  name: string;
  /** From the file's values to those in memory, and back. */
  toMemory(values: Float32Array): Float32Array;
  toFile(values: Float32Array): Float32Array;
}

const OUTSIDE: Record<string, string> = {
  "model.embed_tokens": "token_embd",
  "model.embed_positions": "position_embd",
  "model.norm": "output_norm",
  "lm_head": "output",
};

const IN_LAYER: Record<string, string> = {
  "input_layernorm": "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.qkv_proj": "attn_qkv",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "self_attn.o_proj": "attn_output",
  "self_attn.post_norm": "post_attention_norm",
  "post_attention_layernorm": "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.gate_up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
  "mlp.post_norm": "post_ffw_norm",
};

/** The GGUF name of a tensor in memory: `model.layers.0.self_attn.q_proj.weight` → `blk.0.attn_q.weight`. */
export function ggufName(name: string): string {
  const inLayer = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (inLayer) return `blk.${inLayer[1]}.${IN_LAYER[inLayer[2]]}.${inLayer[3]}`;
  const [, module, kind] = /^(.+)\.(weight|bias)$/.exec(name)!;
  return `${OUTSIDE[module]}.${kind}`;
}

/** Every tensor of a model as GGUF files have it, by its name in memory. */
export function ggufTensors(config: DecoderConfig): Map<string, GgufStored> {
  return new Map(
    [...tensorShapes(config).keys()].map((name) => {
      const heads = pairedHeads(name, config);
      const same = (values: Float32Array) => values;
      const [toMemory, toFile] = heads > 0
        ? [
          (values: Float32Array) => unpairRows(values, heads, config.head_dim),
          (values: Float32Array) => pairRows(values, heads, config.head_dim),
        ]
        // Here 1 + w is computed, which llama.cpp leaves to the file.
        : config.differences?.norm === "rms-plus-one" && /norm\.weight$/.test(name)
        ? [(values: Float32Array) => values.map((w) => w - 1), addOne]
        : [same, same];
      return [name, { name: ggufName(name), toMemory, toFile }];
    }),
  );
}

const addOne = (values: Float32Array) => values.map((w) => 1 + w);

/**
 * A matrix's rows, or those of what is added to it, in llama.cpp's order.
 *
 * @param name of the matrix in memory
 * @param rows `[rows of the matrix, any width]`, row-major
 */
export function rowsInFile(name: string, rows: Float32Array, config: DecoderConfig): Float32Array {
  const heads = pairedHeads(name, config);
  return heads > 0 ? pairRows(rows, heads, config.head_dim) : rows;
}

/** Heads whose rows llama.cpp has in another order; 0 where there are none. */
function pairedHeads(name: string, config: DecoderConfig): number {
  if (!familyOf(config.architecture)?.gguf?.neighbours) return 0;
  if (name.includes(".self_attn.q_proj.")) return config.num_attention_heads;
  if (name.includes(".self_attn.k_proj.")) return config.num_key_value_heads;
  return 0;
}

/**
 * Puts the rows of Q and K into llama.cpp's order. Its rotary kernel for these families pairs neighbouring rows
 * (0,1), (2,3), … of a head; Hugging Face pairs row j with row j + head_dim/2.
 *
 * @param rows `[heads · head_dim, width]`, row-major
 */
function pairRows(rows: Float32Array, heads: number, head_dim: number): Float32Array {
  const width = rows.length / (heads * head_dim), out = new Float32Array(rows.length);
  forEachRow(heads, head_dim, (apart, paired) => {
    out.set(rows.subarray(apart * width, (apart + 1) * width), paired * width);
  });
  return out;
}

/** Undoes {@link pairRows}. */
function unpairRows(rows: Float32Array, heads: number, head_dim: number): Float32Array {
  const width = rows.length / (heads * head_dim), out = new Float32Array(rows.length);
  forEachRow(heads, head_dim, (apart, paired) => {
    out.set(rows.subarray(paired * width, (paired + 1) * width), apart * width);
  });
  return out;
}

/** Both places of every row: halves of a head apart, and neighbours. */
function forEachRow(
  heads: number,
  head_dim: number,
  use: (apart: number, paired: number) => void,
): void {
  const half = head_dim / 2;
  for (let head = 0; head < heads; head++) {
    for (let d = 0; d < head_dim; d++) {
      const paired = 2 * (d % half) + Math.floor(d / half);
      use(head * head_dim + d, head * head_dim + paired);
    }
  }
}
