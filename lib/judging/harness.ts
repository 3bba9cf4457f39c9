/**
 * How the tests of one question call a candidate and compare what it returns. Importers write it, the judge
 * reads it; one shape serves every source.
 *
 * The harness runs in a process of its own (`python/judge.py`): the classes and functions it names are proxies
 * there, whose calls travel to the candidate's process and back as plain values. Expected values therefore
 * never enter the candidate's process.
 *
 * @module
 */
export interface Harness {
  /** Python run before the candidate's code, in its process: imports and helpers that the question promises. */
  prelude: string;
  /** Names in `module` that stand for classes of the candidate. */
  classes: string[];
  /** Names in `module` that stand for functions of the candidate, by the name the candidate gives them. */
  functions: Record<string, string>;
  /** Python run once per case in the judging process: imports, helpers, and the function `test`. */
  module: string;
  /**
   * Python statements for the cases that `test(*input, *expected)` does not cover, by position: setup and
   * assertion in full.
   */
  statements: Record<string, string>;
}
