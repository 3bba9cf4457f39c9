/**
 * Python code with one small mistake, of the kind that people make: another comparison, another constant.
 *
 * @module
 */

/** What is looked for, and what it becomes. The first that matches at a place counts. */
const EDITS: readonly [RegExp, (found: string) => string][] = [
  [/ (<=|>=|==|!=|<|>) /y, (found) => ` ${COMPARISONS[found.trim()]} `],
  [/ (\+|-|\*|%|\/\/) /y, (found) => ` ${OPERATORS[found.trim()]} `],
  [/\b(and|or|True|False|min|max)\b/y, (found) => WORDS[found]],
  [/(?<!\.)\b\d+\b(?!\.)/y, (found) => String(Number(found) + 1)],
];
const COMPARISONS: Record<string, string> = {
  "<=": "<",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "<": "<=",
  ">": ">=",
};
const OPERATORS: Record<string, string> = { "+": "-", "-": "+", "*": "+", "%": "//", "//": "%" };
const WORDS: Record<string, string> = {
  and: "or",
  or: "and",
  True: "False",
  False: "True",
  min: "max",
  max: "min",
};

/**
 * All variants of `code` with one mistake planted, in the order of the mistakes' places. Strings and comments
 * stay as they are.
 */
export function plantedBugs(code: string): string[] {
  const variants: string[] = [];
  for (let at = 0; at < code.length;) {
    const skipped = literal(code, at);
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const edit = EDITS.map(([pattern, becomes]) => {
      pattern.lastIndex = at;
      const found = pattern.exec(code)?.[0];
      return found === undefined ? undefined : { found, becomes: becomes(found) };
    }).find((found) => found);
    if (edit) {
      variants.push(code.slice(0, at) + edit.becomes + code.slice(at + edit.found.length));
    }
    // An operator's last blank may be the first of the next one.
    at += edit ? Math.max(1, edit.found.trimEnd().length) : 1;
  }
  return variants;
}

const LITERAL = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*/y;

/** Length of the string or comment that begins at `at`; 0: none does. */
function literal(code: string, at: number): number {
  LITERAL.lastIndex = at;
  return LITERAL.exec(code)?.[0].length ?? 0;
}
