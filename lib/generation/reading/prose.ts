/**
 * What tells prose from code in a single line.
 *
 * @module
 */

/** Two names side by side, which Python does not have: the mark of prose. */
export function isProse(line: string): boolean {
  const plain = line.replace(/#.*$/, "").replace(/(["'])(?:\\.|(?!\1).)*\1/g, '""');
  const words = plain.matchAll(/(?<![\w"'])([A-Za-z_]+)[ \t]+(?=([A-Za-z_]+)(?![\w"']))/g);
  for (const [, one, two] of words) {
    if (!KEYWORDS.has(one) && !KEYWORDS.has(two)) return true;
  }
  return false;
}

const KEYWORDS = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield match case type print " +
    "exec").split(" "),
);
