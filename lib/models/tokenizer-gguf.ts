/**
 * A tokenizer from the metadata of a GGUF file (`tokenizer.ggml.*`).
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { GgufFile } from "@/lib/models/gguf.ts";
import type { AddedToken, TokenizerJson, TokenizerParts } from "@/lib/models/tokenizer.ts";

/** llama.cpp's name of a pre-tokenizer to what stands before byte-level splitting in tokenizer.json. */
export const PRE_TOKENIZERS: Record<string, { type: string; individual_digits: boolean }[]> = {
  "gpt-2": [],
  "smollm": [{ type: "Digits", individual_digits: true }],
};

/** `tokenizer.ggml.token_type`: a control token, and one that a user of the tokenizer added. */
const CONTROL = 3, USER_DEFINED = 4;

/**
 * The parts of tokenizer.json and tokenizer_config.json that a byte-level BPE tokenizer of a GGUF file stands for.
 *
 * @throws InputError for another kind of tokenizer, an unknown pre-tokenizer, or damaged lists
 */
export function ggufTokenizerParts(file: GgufFile): TokenizerParts {
  const { path, metadata } = file;
  const kind = metadata["tokenizer.ggml.model"];
  if (kind !== "gpt2") {
    throw new InputError(
      `${path}: the tokenizer kind ${
        JSON.stringify(kind ?? null)
      } is not supported; supported: gpt2 (byte-level BPE).`,
    );
  }
  const pre = metadata["tokenizer.ggml.pre"];
  if (typeof pre !== "string" || !Object.hasOwn(PRE_TOKENIZERS, pre)) {
    throw new InputError(
      `${path}: the pre-tokenizer ${JSON.stringify(pre ?? null)} is not supported; supported: ${
        Object.keys(PRE_TOKENIZERS).join(", ")
      }.`,
    );
  }
  const tokens = list<string>(file, "tokenizer.ggml.tokens", "string");
  const types = list<number>(file, "tokenizer.ggml.token_type", "number");
  const merges = list<string>(file, "tokenizer.ggml.merges", "string");
  if (types.length !== tokens.length) {
    throw new InputError(`${path} names ${tokens.length} tokens but ${types.length} token types.`);
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  if (ids.size !== tokens.length) {
    throw new InputError(`${path} is damaged: ${tokens.length - ids.size} tokens appear twice.`);
  }
  const added: AddedToken[] = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [{
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: types[id] === CONTROL,
      }]
      : []
  );
  const byteLevel = {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  };
  const tokenizerJson: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: PRE_TOKENIZERS[pre].length === 0
      ? byteLevel
      : { type: "Sequence", pretokenizers: [...PRE_TOKENIZERS[pre], byteLevel] },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges: merges.map((merge) => splitMerge(merge, ids, path)),
    },
  };
  return {
    tokenizerJson,
    tokenizerConfig: tokenizerConfig(file, tokens),
    ...template(file),
    where: path,
  };
}

/** `"Ġ t"` → `["Ġ", "t"]`. Checking every merge finds a list that was cut inside a string. */
function splitMerge(merge: string, ids: Map<string, number>, path: string): [string, string] {
  const space = merge.indexOf(" ", 1);
  const left = merge.slice(0, space), right = merge.slice(space + 1);
  if (space < 0 || !ids.has(left) || !ids.has(right) || !ids.has(left + right)) {
    throw new InputError(
      `${path} is damaged: the merge ${JSON.stringify(merge)} does not fit its tokens.`,
    );
  }
  return [left, right];
}

function tokenizerConfig(file: GgufFile, tokens: string[]): Record<string, unknown> {
  const config: Record<string, unknown> = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    model_max_length: Number(file.metadata["llama.context_length"] ?? 2048),
  };
  const names = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };
  for (const [ours, ggml] of Object.entries(names)) {
    const id = file.metadata[`tokenizer.ggml.${ggml}_token_id`];
    if (id === undefined) continue;
    const token = typeof id === "number" ? tokens[id] : undefined;
    if (token === undefined) {
      throw new InputError(
        `${file.path}: tokenizer.ggml.${ggml}_token_id is ${id}, which no token has.`,
      );
    }
    config[`${ours}_token`] = token;
  }
  return config;
}

function template(file: GgufFile): { chatTemplate?: string } {
  const value = file.metadata["tokenizer.chat_template"];
  return typeof value === "string" ? { chatTemplate: value } : {};
}

function list<T>(file: GgufFile, key: string, type: "string" | "number"): T[] {
  const value = file.metadata[key];
  if (!Array.isArray(value) || value.some((item) => typeof item !== type)) {
    throw new InputError(
      `${file.path}: the metadata key ${key} is missing or not a list of ${type}s.`,
    );
  }
  return value;
}
