/**
 * A tokenizer as metadata of a GGUF file (`tokenizer.ggml.*`): what `tokenizer-gguf.ts` reads, the other way round.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "@/lib/errors.ts";
import { bool, type GgufValue, ints, text, texts, uint } from "@/lib/models/gguf-writer.ts";
import { PRE_TOKENIZERS } from "@/lib/models/tokenizer-gguf.ts";
import type { AddedToken, Tokenizer, TokenizerJson } from "@/lib/models/tokenizer.ts";

/** `tokenizer.ggml.token_type` (`enum llama_token_type`). */
const NORMAL = 1, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5;

/**
 * The metadata of a byte-level BPE tokenizer. Rows of the embedding without a token become unused tokens, as in
 * llama.cpp's converter. No BOS is put before a prompt: `prompt_format=plain` trains without one, and a chat template
 * names its own.
 *
 * @param rows of the model's embedding
 * @throws InputError for another kind of tokenizer, or a pre-tokenizer that llama.cpp has no known name for
 */
export function tokenizerMetadata(tokenizer: Tokenizer, rows: number): Record<string, GgufValue> {
  const files = tokenizer.files();
  const json = JSON.parse(files["tokenizer.json"]) as TokenizerJson;
  const config = JSON.parse(files["tokenizer_config.json"]) as Record<string, unknown>;
  const { model, added_tokens } = json;
  if (model.type !== "BPE" || !Array.isArray(model.merges)) {
    throw new InputError(
      `a tokenizer of the kind ${
        JSON.stringify(model.type ?? null)
      } cannot be written to GGUF yet; ` +
        "byte-level BPE can. Export with format=hf.",
    );
  }
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(UNUSED);
  const put = (content: string, id: number, type: number) => {
    tokens[id] = content;
    types[id] = type;
  };
  for (const [content, id] of Object.entries(model.vocab)) put(content, id, NORMAL);
  for (const { content, id, special } of added_tokens) {
    put(content, id, special ? CONTROL : USER_DEFINED);
  }
  const merges = (model.merges as (string | [string, string])[]).map((merge) =>
    typeof merge === "string" ? merge : merge.join(" ")
  );
  return {
    "tokenizer.ggml.model": text("gpt2"),
    "tokenizer.ggml.pre": text(preTokenizerName(json)),
    "tokenizer.ggml.tokens": texts(tokens),
    "tokenizer.ggml.token_type": ints(types),
    "tokenizer.ggml.merges": texts(merges),
    "tokenizer.ggml.eos_token_id": uint(tokenizer.eosId),
    ...otherIds(config, model.vocab, added_tokens),
    "tokenizer.ggml.add_bos_token": bool(false),
    ...(tokenizer.chatTemplate === undefined
      ? {}
      : { "tokenizer.chat_template": text(tokenizer.chatTemplate) }),
  };
}

/** llama.cpp's name of what stands before byte-level splitting. */
function preTokenizerName({ pre_tokenizer, normalizer }: TokenizerJson): string {
  const parts = pre_tokenizer?.type === "Sequence"
    ? pre_tokenizer.pretokenizers as Record<string, unknown>[]
    : pre_tokenizer
    ? [pre_tokenizer]
    : [];
  const last = parts.at(-1);
  const found = last?.type === "ByteLevel" && !last.add_prefix_space && normalizer == null &&
    Object.entries(PRE_TOKENIZERS).find(([, before]) =>
      isDeepStrictEqual(before, parts.slice(0, -1))
    );
  if (!found) {
    throw new InputError(
      `the tokenizer's pre-tokenizer ${
        JSON.stringify(pre_tokenizer)
      } has no name in GGUF that is known here; known: ${
        Object.keys(PRE_TOKENIZERS).join(", ")
      }. Export with format=hf.`,
    );
  }
  return found[0];
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
