/**
 * What can be counted of how a solution reads: McCabe's complexity, nesting, length.
 *
 * Counted on the tree of Lezer's Python grammar, which reads the answers already: no other program and no Python is
 * needed, and code with a syntax error has a tree, too. Complexity is counted as radon does: one, and one more for each
 * decision (if, elif, for, while, except, assert, case, and, or, conditions in comprehensions and expressions).
 *
 * @module
 */
import { parser } from "@lezer/python";

/** Measures of one solution; of each, less reads more easily. */
export interface Readability {
  /** McCabe's complexity of the most complex function. */
  complexity: number;
  /** How deep blocks stand within a function; 1: only its own. */
  nesting: number;
  /** Statements, docstrings left out. */
  statements: number;
  /** Characters of the longest line. */
  longest_line: number;
}

const DECISIONS = new Set([
  ...["if", "elif", "for", "while", "except", "assert", "case", "and", "or"],
]);

/** Measures a program. */
export function readability(code: string): Readability {
  const functions: { complexity: number; depth: number }[] = [{ complexity: 1, depth: 0 }];
  let statements = 0, complexity = 1, nesting = 0;
  parser.parse(`${code}\n`).iterate({
    enter({ name, node }) {
      const current = functions.at(-1)!;
      if (name === "FunctionDefinition") functions.push({ complexity: 1, depth: 0 });
      else if (name === "Body") nesting = Math.max(nesting, ++current.depth);
      else if (DECISIONS.has(name)) current.complexity++;
      const isText = name === "ExpressionStatement" && node.firstChild?.name === "String";
      if (/(Statement|Definition)$/.test(name) && name !== "DecoratedStatement" && !isText) {
        statements++;
      }
    },
    leave({ name }) {
      if (name === "Body") functions.at(-1)!.depth--;
      else if (name === "FunctionDefinition") {
        complexity = Math.max(complexity, functions.pop()!.complexity);
      }
    },
  });
  complexity = Math.max(complexity, functions[0].complexity);
  const longest_line = Math.max(0, ...code.split("\n").map((line) => line.trimEnd().length));
  return { complexity, nesting, statements, longest_line };
}
