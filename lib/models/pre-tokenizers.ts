/**
 * What stands before the merges of byte-level BPE, by llama.cpp's names (`tokenizer.ggml.pre`) and as tokenizer.json
 * tells it.
 *
 * @see {@link https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp} `llm_tokenizer_bpe`, which has the
 *   same patterns, rewritten for its own engine
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { TokenizerJson } from "@/lib/models/tokenizer.ts";

type Part = { type: string } & Record<string, unknown>;

/** One way to cut text before it is merged. */
export interface PreTokenizer {
  /** Those of llama.cpp that mean the same; files are written with the first. */
  names: readonly string[];
  normalizer: Part | null;
  parts: readonly Part[];
  /** Pieces that are tokens as they are stay so, whatever their merges make of them. */
  ignoreMerges: boolean;
}

const byteLevel = (use_regex: boolean): Part => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});
const split = (Regex: string): Part => ({
  type: "Split",
  pattern: { Regex },
  behavior: "Isolated",
  invert: false,
});
const DIGITS: Part = { type: "Digits", individual_digits: true };
const NFC: Part = { type: "NFC" };

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Words with a character before them, digits in groups of at most so many, signs, white space. */
const words = (digits: string) =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
/** The same with words cut where small letters end. */
const cased = (digits: string, end: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${end}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${end}|${digits}` +
  `| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;

const plain = (names: string[], parts: Part[]): PreTokenizer => ({
  names,
  normalizer: null,
  parts,
  ignoreMerges: false,
});

export const PRE_TOKENIZERS: readonly PreTokenizer[] = [
  plain(["gpt-2", "phi-2", "roberta-bpe"], [byteLevel(true)]),
  plain(["smollm", "starcoder", "refact", "codeshell"], [DIGITS, byteLevel(true)]),
  { ...plain(["olmo"], [byteLevel(true)]), normalizer: NFC },
  {
    ...plain(["llama-bpe", "llama3", "llama-v3", "falcon3"], [
      split(words("\\p{N}{1,3}")),
      byteLevel(false),
    ]),
    ignoreMerges: true,
  },
  plain(["dbrx", "smaug-bpe"], [split(words("\\p{N}{1,3}")), byteLevel(false)]),
  {
    ...plain(["qwen2", "deepseek-r1-qwen"], [split(words("\\p{N}")), byteLevel(false)]),
    normalizer: NFC,
  },
  plain(["deepseek-coder"], [
    split("[\r\n]"),
    split("\\s?\\p{L}+"),
    split("\\s?\\p{P}+"),
    split("[一-龥ࠀ-一가-퟿]+"),
    DIGITS,
    byteLevel(false),
  ]),
  {
    ...plain(["tekken"], [split(cased("\\p{N}", "")), byteLevel(false)]),
    ignoreMerges: true,
  },
  plain(["gpt-4o"], [split(cased("\\p{N}{1,3}", `${CONTRACTIONS}?`)), byteLevel(false)]),
];

export const PRE_TOKENIZER_NAMES = PRE_TOKENIZERS.flatMap(({ names }) => names);

/** The one that a tokenizer.json has, by what it does, or undefined where llama.cpp has none such. */
export function preTokenizerOf(json: TokenizerJson): PreTokenizer | undefined {
  const parts = partsOf(json.pre_tokenizer, "pretokenizers").map(meaning);
  const normalizers = partsOf(json.normalizer as Part | null, "normalizers");
  return PRE_TOKENIZERS.find((one) =>
    isDeepStrictEqual(one.parts.map(meaning), parts) &&
    isDeepStrictEqual(one.normalizer === null ? [] : [one.normalizer], normalizers) &&
    one.ignoreMerges === (json.model.ignore_merges ?? false)
  );
}

/** The steps of a sequence, or the one step that there is. */
export const partsOf = (part: Part | null | undefined, inside: string): Part[] =>
  !part ? [] : part.type === "Sequence" ? part[inside] as Part[] : [part];

/** A step without what has no say in which tokens there are. */
function meaning(part: Part): Part {
  if (part.type !== "ByteLevel") return part;
  const { trim_offsets: _, ...rest } = part;
  return {
    ...rest,
    use_regex: part.use_regex ?? true,
    add_prefix_space: part.add_prefix_space ?? true,
  };
}
