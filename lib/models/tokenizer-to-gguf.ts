/**
 * A tokenizer as metadata of a GGUF file (`tokenizer.ggml.*`): what `tokenizer-gguf.ts` reads, the other way round.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { bool, floats, type GgufValue, ints, text, texts, uint } from "@/lib/models/gguf-writer.ts";
import { PRE_TOKENIZERS, preTokenizerOf } from "@/lib/models/pre-tokenizers.ts";
import { impliedScores, SPACE, spaceRule } from "@/lib/models/sentencepiece.ts";
import { TOKEN_TYPES } from "@/lib/models/token-types.ts";
import type { AddedToken, Tokenizer, TokenizerJson } from "@/lib/models/tokenizer.ts";

/** What a tokenizer becomes in a file. */
export interface WrittenTokenizer {
  metadata: Record<string, GgufValue>;
  /** What llama.cpp makes other tokens of, in sentences. */
  notes: string[];
}

/**
 * The metadata of a BPE tokenizer, byte-level or SentencePiece's. Rows of the embedding without a token become unused
 * tokens, as in llama.cpp's converter. No BOS is put before a prompt: `prompt_format=plain` trains without one, and a
 * chat template names its own.
 *
 * @param rows of the model's embedding
 * @throws InputError for another kind of tokenizer, or a pre-tokenizer that llama.cpp has no known name for
 */
export function tokenizerMetadata(tokenizer: Tokenizer, rows: number): WrittenTokenizer {
  const files = tokenizer.files();
  const json = JSON.parse(files["tokenizer.json"]) as TokenizerJson;
  const config = JSON.parse(files["tokenizer_config.json"]) as Record<string, unknown>;
  const { model, added_tokens } = json;
  if (model.type !== "BPE" || !Array.isArray(model.merges)) {
    throw new InputError(
      `a tokenizer of the kind ${
        JSON.stringify(model.type ?? null)
      } cannot be written to GGUF yet; BPE, byte-level or SentencePiece's, can. Export with format=hf.`,
    );
  }
  const merges = (model.merges as (string | [string, string])[]).map((merge) =>
    typeof merge === "string" ? merge.split(" ") as [string, string] : merge
  );
  const { metadata, notes } = (spaceRule(json) ? sentencePiece : byteLevel)(json, merges, rows);
  return {
    metadata: {
      ...metadata,
      "tokenizer.ggml.merges": texts(merges.map((merge) => merge.join(" "))),
      "tokenizer.ggml.eos_token_id": uint(tokenizer.eosId),
      ...otherIds({ unk_token: model.unk_token, ...config }, model.vocab, added_tokens),
      "tokenizer.ggml.add_bos_token": bool(false),
      ...(tokenizer.chatTemplate === undefined
        ? {}
        : { "tokenizer.chat_template": text(tokenizer.chatTemplate) }),
    },
    notes,
  };
}

function byteLevel(json: TokenizerJson, _: unknown, rows: number): WrittenTokenizer {
  const { tokens, types } = listTokens(json, rows);
  return {
    metadata: {
      "tokenizer.ggml.model": text("gpt2"),
      "tokenizer.ggml.pre": text(preTokenizerName(json)),
      "tokenizer.ggml.tokens": texts(tokens),
      "tokenizer.ggml.token_type": ints(types),
    },
    notes: [],
  };
}

function sentencePiece(
  json: TokenizerJson,
  merges: [string, string][],
  rows: number,
): WrittenTokenizer {
  const { tokens, types } = listTokens(json, rows), { prefix, unlessThere } = spaceRule(json)!;
  const scores = impliedScores(tokens, merges);
  tokens.forEach((token, id) => {
    if (types[id] === TOKEN_TYPES.userDefined) tokens[id] = token.replaceAll(SPACE, " ");
    if (types[id] === TOKEN_TYPES.normal && /^<0x[0-9A-F]{2}>$/.test(token)) {
      types[id] = TOKEN_TYPES.byte;
    }
    if (token === json.model.unk_token) types[id] = TOKEN_TYPES.unknown;
  });
  return {
    metadata: {
      "tokenizer.ggml.model": text("llama"),
      "tokenizer.ggml.pre": text("default"),
      "tokenizer.ggml.tokens": texts(tokens),
      "tokenizer.ggml.scores": floats(scores),
      "tokenizer.ggml.token_type": ints(types),
      "tokenizer.ggml.add_space_prefix": bool(prefix),
    },
    notes: unlessThere
      ? [
        "llama.cpp puts a space before texts that begin with one, too, which this tokenizer does not: they get other " +
        "first tokens.",
      ]
      : [],
  };
}

/** Every row's token and its type. */
function listTokens({ model, added_tokens }: TokenizerJson, rows: number) {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(TOKEN_TYPES.unused);
  const put = (content: string, id: number, type: number) => {
    tokens[id] = content;
    types[id] = type;
  };
  for (const [content, id] of Object.entries(model.vocab)) put(content, id, TOKEN_TYPES.normal);
  for (const { content, id, special } of added_tokens) {
    put(content, id, special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  return { tokens, types };
}

/** llama.cpp's name of what stands before byte-level merges. */
function preTokenizerName(json: TokenizerJson): string {
  const found = preTokenizerOf(json);
  if (found) return found.names[0];
  throw new InputError(
    `the tokenizer's pre-tokenizer ${JSON.stringify(json.pre_tokenizer)} (normalizer ${
      JSON.stringify(json.normalizer ?? null)
    }) has no name in GGUF that is known here; known: ${
      PRE_TOKENIZERS.map(({ names }) => names[0]).join(", ")
    }. Export with format=hf.`,
  );
}

function otherIds(
  config: Record<string, unknown>,
  vocab: Record<string, number>,
  added: AddedToken[],
): Record<string, GgufValue> {
  const names = { bos: "bos", unk: "unknown", pad: "padding" };
  return Object.fromEntries(
    Object.entries(names).flatMap(([ours, ggml]) => {
      const value = config[`${ours}_token`];
      const content = typeof value === "object" && value !== null
        ? (value as { content?: unknown }).content
        : value;
      if (typeof content !== "string") return [];
      const id = added.find((token) => token.content === content)?.id ?? vocab[content];
      return id === undefined ? [] : [[`tokenizer.ggml.${ggml}_token_id`, uint(id)]];
    }),
  );
}
