/**
 * Texts that end a sample, wherever tokens part them.
 *
 * @module
 */
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** Bytes of the longest character, of which a first token may hold the end. */
const CHARACTER = 4;

/**
 * Whether what was added to a prompt holds one of the texts, asked after each token; the text stays part of the
 * sample, as with transformers' `stop_strings`.
 */
export function stopsAt(tokenizer: Tokenizer, texts: string[]): (ids: number[]) => boolean {
  const wanted = texts.filter((text) => text !== "");
  // A token is a byte at least: no more of them can hold a text.
  const bytes = wanted.map((text) => new TextEncoder().encode(text).length);
  const window = Math.max(0, ...bytes) + CHARACTER;
  return (ids) => {
    if (wanted.length === 0) return false;
    const tail = tokenizer.decode(ids.slice(-window));
    return wanted.some((text) => tail.includes(text));
  };
}
