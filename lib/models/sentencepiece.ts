/**
 * SentencePiece's kind of BPE, as tokenizer.json tells it: spaces are `▁`, characters without a token become bytes.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { partsOf } from "@/lib/models/pre-tokenizers.ts";
import type { TokenizerJson } from "@/lib/models/tokenizer.ts";

/** What stands for a space. */
export const SPACE = "▁";

const PREPEND = { type: "Prepend", prepend: SPACE };
const REPLACE = { type: "Replace", pattern: { String: " " }, content: SPACE };

/** What tokenizer.json has beside the tokens that were added. */
export type TokenizerCore = Pick<TokenizerJson, "pre_tokenizer" | "model"> & {
  normalizer: unknown;
  decoder: unknown;
};

/** How text becomes pieces to be merged. */
export interface SpaceRule {
  /** A space is put before each text. */
  prefix: boolean;
  /** … but not where the text begins with one; llama.cpp puts it there too. */
  unlessThere: boolean;
}

/** How a tokenizer.json treats spaces, or undefined where it is not SentencePiece's kind. */
export function spaceRule(json: TokenizerJson): SpaceRule | undefined {
  if (json.model.byte_fallback !== true) return undefined;
  type Part = { type: string } & Record<string, unknown>;
  const normalizers = partsOf(json.normalizer as Part | null, "normalizers");
  const parts = partsOf(json.pre_tokenizer, "pretokenizers");
  if (normalizers.length === 0 && parts.length === 1 && parts[0].type === "Metaspace") {
    const { replacement, prepend_scheme, add_prefix_space, split } = parts[0];
    if (replacement !== SPACE || split === true) return undefined;
    const prefix =
      (prepend_scheme ?? (add_prefix_space === false ? "never" : "always")) !== "never";
    return { prefix, unlessThere: prefix };
  }
  // Gemma's cuts at spaces, of which there are none left.
  const idle = parts.length === 0 ||
    parts.length === 1 && parts[0].type === "Split" &&
      isDeepStrictEqual(parts[0].pattern, { String: " " });
  if (!idle) return undefined;
  if (isDeepStrictEqual(normalizers, [PREPEND, REPLACE])) {
    return { prefix: true, unlessThere: false };
  }
  if (isDeepStrictEqual(normalizers, [REPLACE])) return { prefix: false, unlessThere: false };
  return undefined;
}

/** The parts of tokenizer.json around such a vocabulary. */
export function sentencePieceJson(
  { vocab, merges, unknown, prefix }: {
    vocab: Record<string, number>;
    merges: [string, string][];
    unknown: string | null;
    prefix: boolean;
  },
): TokenizerCore {
  return {
    normalizer: prefix ? { type: "Sequence", normalizers: [PREPEND, REPLACE] } : REPLACE,
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: unknown,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/**
 * The merges that a vocabulary implies, best first: every way to make a token of two others, as transformers'
 * `generate_merges` (convert_slow_tokenizer.py) orders them.
 *
 * @param score of the tokens that merges may make
 */
export function impliedMerges(
  vocab: Record<string, number>,
  score: ReadonlyMap<string, number>,
): [string, string][] {
  const merges: { left: string; right: string; score: number; lengths: [number, number] }[] = [];
  for (const [token, own] of score) {
    const characters = Array.from(token);
    const ways = characters.slice(1).flatMap((_, i) => {
      const left = characters.slice(0, i + 1).join(""), right = characters.slice(i + 1).join("");
      return score.has(left) && score.has(right)
        ? [{
          left,
          right,
          score: own,
          lengths: [i + 1, characters.length - i - 1] as [number, number],
        }]
        : [];
    });
    ways.sort((a, b) => vocab[a.left] - vocab[b.left] || vocab[a.right] - vocab[b.right]);
    merges.push(...ways);
  }
  merges.sort((a, b) =>
    b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]
  );
  return merges.map(({ left, right }) => [left, right]);
}

/**
 * Scores that put merged tokens in the order of their first merges, 0, -1, …, and behind them those that no merge makes,
 * by their ids: what SentencePiece gives to a vocabulary of its own.
 *
 * @param tokens by id
 */
export function impliedScores(
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
): number[] {
  const ranks = new Map<string, number>();
  for (const [left, right] of merges) {
    const merged = left + right;
    if (!ranks.has(merged)) ranks.set(merged, ranks.size);
  }
  return tokens.map((token) => {
    if (!ranks.has(token)) ranks.set(token, ranks.size);
    return 0 - ranks.get(token)!;
  });
}
