/**
 * Names of solutions: which are spellings of one name, and which are versions of one thing.
 *
 * @module
 */
import type { Statement } from "@/lib/generation/reading/python.ts";

/** `twoSum2` → `two`, `sum`, `2`. */
export function wordsOf(name: string): string[] {
  return name.replace(/([a-z\d])([A-Z])/g, "$1_$2").replace(/([A-Za-z])(\d)/g, "$1_$2")
    .toLowerCase().split("_").filter(Boolean);
}

/** Whether two names are spellings of one, as `twoSum` and `two_sum` are. */
export function isSameName(a: string, b: string): boolean {
  return wordsOf(a).join("") === wordsOf(b).join("");
}

/** What people call versions of one solution. */
const VERSION_WORDS = new Set(
  ("brute force bruteforce naive simple basic straightforward optimized optimised optimal efficient fast faster slow " +
    "better best improved alternative alternate alt other another second first one two three recursive recursion " +
    "iterative iteration iter rec dp dynamic programming memo memoized memoised memoization cache cached tabulation " +
    "bottom top up down hash hashmap hashtable hashset map dict dictionary set sort sorted sorting pointer pointers " +
    "binary search linear stack queue heap bfs dfs bit bits bitwise manipulation math mathematical formula greedy " +
    "sliding window regex builtin builtins loop loops comprehension list generator slicing slice reduce functional " +
    "counter version solution approach method v a b c using with via by and in pythonic concise short numpy " +
    "itertools backtracking divide conquer inplace place space constant lambda xor string str union find trie prefix " +
    "sum sums o n log nested single pass original new old final ver option technique").split(" "),
);

/** Whether two definitions do one thing in different ways, as far as names and parameters tell. */
export function areAlternatives(a: Statement, b: Statement): boolean {
  if (a.uses.has(b.binds[0]) || b.uses.has(a.binds[0])) return false;
  if (a.kind !== b.kind) return isMethodOf(a, b) || isMethodOf(b, a);
  const isAlike = a.kind === "class"
    ? [...a.methods.keys()].some((name) => !name.startsWith("__") && b.methods.has(name))
    : a.parameters.length === b.parameters.length;
  return isAlike && shareStem(wordsOf(a.binds[0]), wordsOf(b.binds[0]));
}

/** Whether a function is what a class has as a method. */
function isMethodOf({ binds, parameters }: Statement, { methods }: Statement): boolean {
  return [...methods].some(([name, method]) =>
    isSameName(name, binds[0]) && method.parameters.length === parameters.length + 1
  );
}

function shareStem(a: string[], b: string[]): boolean {
  const isRest = (words: string[]) =>
    words.every((word) => /^\d+$/.test(word) || VERSION_WORDS.has(word));
  const shorter = Math.min(a.length, b.length);
  for (let n = shorter; n > 0; n--) {
    const sameStart = a.slice(0, n).join() === b.slice(0, n).join();
    if (sameStart && isRest(a.slice(n)) && isRest(b.slice(n))) return true;
    const sameEnd = a.slice(-n).join() === b.slice(-n).join();
    if (sameEnd && isRest(a.slice(0, -n)) && isRest(b.slice(0, -n))) return true;
  }
  // solution1 and solution2, brute_force and optimized: nothing but version words.
  return isRest(a) && isRest(b);
}
