/**
 * A tokenizer from the metadata of a GGUF file (`tokenizer.ggml.*`).
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { GgufFile } from "@/lib/models/gguf.ts";
import { PRE_TOKENIZER_NAMES, PRE_TOKENIZERS } from "@/lib/models/pre-tokenizers.ts";
import {
  impliedMerges,
  sentencePieceJson,
  SPACE,
  type TokenizerCore,
} from "@/lib/models/sentencepiece.ts";
import { TOKEN_TYPES } from "@/lib/models/token-types.ts";
import type { AddedToken, TokenizerParts } from "@/lib/models/tokenizer.ts";

/** The lists of a file, checked against each other. */
interface Words {
  tokens: string[];
  types: number[];
  ids: Map<string, number>;
}

/** What the file's kind of tokenizer decides. */
interface Kind {
  words: Words;
  json: TokenizerCore;
  /** Whether a prompt begins with BOS where the file does not say. */
  addBos: boolean;
}

const KINDS: Record<string, (file: GgufFile) => Kind> = {
  gpt2: byteLevelKind,
  llama: sentencePieceKind,
};

/** Kinds of tokens that stand outside of the merges. */
const ADDED: readonly number[] = [
  TOKEN_TYPES.unknown,
  TOKEN_TYPES.control,
  TOKEN_TYPES.userDefined,
];

/**
 * The parts of tokenizer.json and tokenizer_config.json that the tokenizer of a GGUF file stands for.
 *
 * @throws InputError for another kind of tokenizer, an unknown pre-tokenizer, or damaged lists
 */
export function ggufTokenizerParts(file: GgufFile): TokenizerParts {
  const { path, metadata } = file, name = metadata["tokenizer.ggml.model"];
  if (typeof name !== "string" || !Object.hasOwn(KINDS, name)) {
    throw new InputError(
      `${path}: the tokenizer kind ${
        JSON.stringify(name ?? null)
      } is not supported; supported: gpt2 (byte-level BPE), llama (SentencePiece BPE).`,
    );
  }
  const { words, json, addBos } = KINDS[name](file);
  const added: AddedToken[] = words.tokens.flatMap((content, id) =>
    ADDED.includes(words.types[id])
      ? [{
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: stripsAfter(file, name, content),
        normalized: false,
        special: words.types[id] !== TOKEN_TYPES.userDefined,
      }]
      : []
  );
  const config = tokenizerConfig(file, words.tokens);
  return {
    tokenizerJson: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      post_processor: (metadata["tokenizer.ggml.add_bos_token"] ?? addBos) === true
        ? bosProcessor(config.bos_token, words.ids)
        : null,
      ...json,
    },
    tokenizerConfig: config,
    ...template(file),
    where: path,
  };
}

function byteLevelKind(file: GgufFile): Kind {
  const { path, metadata } = file, name = metadata["tokenizer.ggml.pre"];
  const pre = PRE_TOKENIZERS.find(({ names }) => (names as unknown[]).includes(name));
  if (!pre) {
    throw new InputError(
      `${path}: the pre-tokenizer ${JSON.stringify(name ?? null)} is not supported; supported: ${
        PRE_TOKENIZER_NAMES.join(", ")
      }.`,
    );
  }
  const merges = list<string>(file, "tokenizer.ggml.merges", "string");
  const words = readWords(file, (token) => token);
  return {
    words,
    // llama.cpp's default for those two.
    addBos: pre.ignoreMerges,
    json: {
      normalizer: pre.normalizer,
      pre_tokenizer: pre.parts.length === 1
        ? pre.parts[0]
        : { type: "Sequence", pretokenizers: [...pre.parts] },
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: "",
        end_of_word_suffix: "",
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: pre.ignoreMerges,
        vocab: Object.fromEntries(words.ids),
        merges: merges.map((merge) => splitMerge(merge, words.ids, path)),
      },
    },
  };
}

function sentencePieceKind(file: GgufFile): Kind {
  const { path, metadata } = file;
  // The converter writes spaces into tokens that it takes for texts of their own.
  const words = readWords(
    file,
    (token, type) => type === TOKEN_TYPES.control ? token : token.replaceAll(" ", SPACE),
  );
  const { tokens, types, ids } = words, vocab = Object.fromEntries(ids);
  const merges = metadata["tokenizer.ggml.merges"] === undefined
    ? impliedMerges(vocab, mergeScores(file, words))
    : list<string>(file, "tokenizer.ggml.merges", "string")
      .map((merge) => splitMerge(merge, ids, path));
  return {
    words,
    addBos: true,
    json: sentencePieceJson({
      vocab,
      merges,
      unknown: tokens[types.indexOf(TOKEN_TYPES.unknown)] ?? null,
      prefix: (metadata["tokenizer.ggml.add_space_prefix"] ?? true) === true,
    }),
  };
}

/** Scores of the tokens that are merged. Gemma's do not follow its merges; the order of its tokens does. */
function mergeScores(file: GgufFile, { tokens, types }: Words): Map<string, number> {
  const scores = list<number>(file, "tokenizer.ggml.scores", "number");
  const byOrder = String(file.metadata["general.architecture"]).startsWith("gemma");
  if (scores.length !== tokens.length) {
    throw new InputError(`${file.path} names ${tokens.length} tokens but ${scores.length} scores.`);
  }
  const merged: readonly number[] = [TOKEN_TYPES.normal, TOKEN_TYPES.userDefined];
  return new Map(
    tokens.flatMap((token, id) =>
      merged.includes(types[id]) ? [[token, byOrder ? -id : scores[id]] as const] : []
    ),
  );
}

function readWords(file: GgufFile, spell: (token: string, type: number) => string): Words {
  const { path } = file;
  const types = list<number>(file, "tokenizer.ggml.token_type", "number");
  const tokens = list<string>(file, "tokenizer.ggml.tokens", "string")
    .map((token, id) => spell(token, types[id]));
  if (types.length !== tokens.length) {
    throw new InputError(`${path} names ${tokens.length} tokens but ${types.length} token types.`);
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  if (ids.size !== tokens.length) {
    throw new InputError(`${path} is damaged: ${tokens.length - ids.size} tokens appear twice.`);
  }
  return { tokens, types, ids };
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

/** Phi-3's tokens of turns take the white space behind them, which GGUF does not say; llama.cpp knows it too. */
function stripsAfter({ metadata }: GgufFile, kind: string, token: string): boolean {
  return kind === "llama" && metadata["general.architecture"] === "phi3" &&
    !["<unk>", "<s>", "<|endoftext|>"].includes(token);
}

/** What puts BOS before texts, for those who read the saved tokenizer. */
function bosProcessor(bos: unknown, ids: Map<string, number>): Record<string, unknown> | null {
  const id = ids.get(bos as string);
  if (id === undefined) return null;
  const special = { SpecialToken: { id: bos, type_id: 0 } };
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  return {
    type: "TemplateProcessing",
    single: [special, sequence("A", 0)],
    pair: [special, sequence("A", 0), special, sequence("B", 1)],
    special_tokens: { [bos as string]: { id: bos, ids: [id], tokens: [bos] } },
  };
}

function tokenizerConfig(file: GgufFile, tokens: string[]): Record<string, unknown> {
  const { metadata } = file;
  const config: Record<string, unknown> = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    model_max_length: Number(
      metadata[`${metadata["general.architecture"]}.context_length`] ?? 2048,
    ),
  };
  const names = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };
  for (const [ours, ggml] of Object.entries(names)) {
    const id = metadata[`tokenizer.ggml.${ggml}_token_id`];
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
