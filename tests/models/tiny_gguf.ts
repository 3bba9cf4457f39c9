/** Writes small GGUF files, whole or damaged, for the tests. */

/** ggml's number and bytes for each element, of the types used here. */
const TYPES = { F32: { number: 0, bytes: 4 }, F16: { number: 1, bytes: 2 } } as const;

export interface TinyTensor {
  name: string;
  /** As in the file: fastest axis first. */
  dims: (number | bigint)[];
  type?: keyof typeof TYPES;
  /** Overrides the type's number in the header. */
  typeNumber?: number;
  /** Overrides where the data are said to start. */
  offset?: number;
  data?: Uint8Array;
}

export interface TinyGguf {
  magic?: string;
  version?: number;
  metadata: Record<string, string | number | boolean | string[] | number[]>;
  tensors: TinyTensor[];
  tensorCount?: bigint;
}

const encoder = new TextEncoder();

/** The bytes of a GGUF file. Whole numbers are stored as UINT32, others as FLOAT32. */
export function tinyGguf(file: TinyGguf): Uint8Array {
  const parts: Uint8Array[] = [];
  const number = (size: number, set: (view: DataView) => void) => {
    const bytes = new Uint8Array(size);
    set(new DataView(bytes.buffer));
    parts.push(bytes);
  };
  const u32 = (value: number) => number(4, (view) => view.setUint32(0, value, true));
  const u64 = (value: number | bigint) =>
    number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  const text = (value: string) => {
    const bytes = encoder.encode(value);
    u64(bytes.length);
    parts.push(bytes);
  };
  const typeOf = (value: unknown) =>
    typeof value === "string"
      ? 8
      : typeof value === "boolean"
      ? 7
      : Number.isInteger(value)
      ? 4
      : 6;
  const scalar = (value: string | number | boolean) => {
    if (typeof value === "string") text(value);
    else if (typeof value === "boolean") parts.push(new Uint8Array([value ? 1 : 0]));
    else if (Number.isInteger(value)) u32(value);
    else number(4, (view) => view.setFloat32(0, value, true));
  };

  parts.push(encoder.encode(file.magic ?? "GGUF"));
  u32(file.version ?? 3);
  u64(file.tensorCount ?? file.tensors.length);
  u64(Object.keys(file.metadata).length);
  for (const [key, value] of Object.entries(file.metadata)) {
    text(key);
    if (Array.isArray(value)) {
      u32(9);
      u32(typeOf(value[0]));
      u64(value.length);
      value.forEach(scalar);
    } else {
      u32(typeOf(value));
      scalar(value);
    }
  }
  let end = 0;
  const data: Uint8Array[] = [];
  for (const tensor of file.tensors) {
    const type = TYPES[tensor.type ?? "F32"];
    const bytes = tensor.data ??
      new Uint8Array(tensor.dims.reduce<number>((product, n) => product * Number(n), type.bytes));
    text(tensor.name);
    u32(tensor.dims.length);
    tensor.dims.forEach(u64);
    u32(tensor.typeNumber ?? type.number);
    u64(tensor.offset ?? end);
    const padded = new Uint8Array(Math.ceil(bytes.length / 32) * 32);
    padded.set(bytes);
    data.push(padded);
    end += padded.length;
  }
  const header = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(new Uint8Array((32 - header % 32) % 32), ...data);
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** GPT-2's character for each byte, from which a byte-level vocabulary starts. */
function byteAlphabet(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++),
  );
}

/** Sizes of the tiny Llama: 2 heads of 4 share 1 key/value head. */
export const TINY = { hidden: 8, feedForward: 12, heads: 2, kvHeads: 1, headDim: 4, vocab: 260 };

/** A Llama of one layer with random weights and a byte-level tokenizer with the merges `a b`. */
export function tinyLlama(): TinyGguf {
  const { hidden, feedForward, heads, kvHeads, headDim, vocab } = TINY;
  const tokens = ["<|end|>", "<|user|>", ...byteAlphabet(), "ab", "Ġa"];
  let state = 1;
  const random = (dims: number[]): TinyTensor["data"] => {
    const values = new Float32Array(dims.reduce((product, n) => product * n, 1));
    for (let i = 0; i < values.length; i++) {
      state = (state * 1103515245 + 12345) % 2147483648;
      values[i] = state / 2147483648 - 0.5;
    }
    return new Uint8Array(values.buffer);
  };
  const shapes: Record<string, number[]> = {
    "token_embd.weight": [hidden, vocab],
    "blk.0.attn_norm.weight": [hidden],
    "blk.0.attn_q.weight": [hidden, heads * headDim],
    "blk.0.attn_k.weight": [hidden, kvHeads * headDim],
    "blk.0.attn_v.weight": [hidden, kvHeads * headDim],
    "blk.0.attn_output.weight": [heads * headDim, hidden],
    "blk.0.ffn_norm.weight": [hidden],
    "blk.0.ffn_gate.weight": [hidden, feedForward],
    "blk.0.ffn_up.weight": [hidden, feedForward],
    "blk.0.ffn_down.weight": [feedForward, hidden],
    "output_norm.weight": [hidden],
  };
  return {
    metadata: {
      "general.architecture": "llama",
      "llama.block_count": 1,
      "llama.context_length": 64,
      "llama.embedding_length": hidden,
      "llama.feed_forward_length": feedForward,
      "llama.attention.head_count": heads,
      "llama.attention.head_count_kv": kvHeads,
      "llama.attention.layer_norm_rms_epsilon": 0.00001,
      "tokenizer.ggml.model": "gpt2",
      "tokenizer.ggml.pre": "smollm",
      "tokenizer.ggml.tokens": tokens,
      "tokenizer.ggml.token_type": tokens.map((_, id) => id < 2 ? 3 : 1),
      "tokenizer.ggml.merges": ["a b", "Ġ a"],
      "tokenizer.ggml.eos_token_id": 0,
    },
    tensors: Object.entries(shapes).map(([name, dims]) => ({ name, dims, data: random(dims) })),
  };
}
