/**
 * Text from outside, with its invisible parts made visible.
 *
 * @module
 */

/** Directional marks, overrides and zero-width characters, which can make code read as what it is not. */
const HIDDEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Shows control characters as their pictures (␛) and hidden ones as their code points (⟨U+202E⟩). */
export function visibleText(text: string): string {
  return text.replace(/\r\n?/g, "\n")
    .replace(
      CONTROL,
      (c) => c === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + c.charCodeAt(0)),
    )
    .replace(HIDDEN, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}
