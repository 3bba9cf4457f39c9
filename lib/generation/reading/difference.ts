/**
 * How different two programs are to a reader.
 *
 * @module
 */
import { distance } from "fastest-levenshtein";
import { boundNames, tokensOf } from "@/lib/generation/reading/python.ts";

/**
 * A program's tokens without what formatting and names make of it: comments, docstrings, white space, kinds of
 * quotes, and its own names, which are numbered in the order in which they come.
 */
export function essence(code: string): string[] {
  const own = boundNames(code);
  const numbers = new Map<string, string>();
  return tokensOf(code).map(({ text, type }) => {
    if (type === "VariableName" && own.has(text)) {
      if (!numbers.has(text)) numbers.set(text, `name ${numbers.size}`);
      return numbers.get(text)!;
    }
    if (type === "String") return text.replace(/^([a-z]*)("""|\'\'\'|'|")([\s\S]*)\2$/i, "$1'$3'");
    return text;
  });
}

/** Whether two programs are one but for formatting, comments and the names that they give. */
export function isNearlySame(a: string, b: string): boolean {
  return essence(a).join("\n") === essence(b).join("\n");
}

/** The share of tokens that have to change to make one program the other, 0 to 1, whatever their names. */
export function difference(a: string, b: string): number {
  const symbols = new Map<string, string>();
  const asText = (tokens: string[]) =>
    tokens.map((token) => {
      if (!symbols.has(token)) symbols.set(token, String.fromCharCode(0x100 + symbols.size));
      return symbols.get(token)!;
    }).join("");
  const [one, two] = [asText(essence(a)), asText(essence(b))];
  const longest = Math.max(one.length, two.length);
  return longest === 0 ? 0 : distance(one, two) / longest;
}
