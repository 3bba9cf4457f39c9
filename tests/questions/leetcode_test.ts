import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { importLeetcode } from "@/lib/questions/leetcode.ts";
import { JudgePool } from "@/lib/judging/judge.ts";
import { checkTests, testsLines } from "@/lib/judging/check-tests.ts";
import { sitePackages } from "@/lib/setup/paths.ts";
import { withStore } from "@/lib/store/store.ts";
import { judgeable, withQuestions } from "../judging/questions.ts";

/** Questions of every kind, and every one with a checker of ours; `CODEPREF_LEETCODE=all` checks all 1,405. */
const SOME = [
  ...["two-sum", "add-two-numbers", "merge-k-sorted-lists", "invert-binary-tree"],
  ...["move-zeroes", "remove-duplicates-from-sorted-array", "remove-element", "my-calendar-i"],
  ...["lru-cache", "implement-trie-prefix-tree", "prefix-and-suffix-search", "powx-n"],
  ...["lowest-common-ancestor-of-a-binary-tree", "split-linked-list-in-parts", "n-queens"],
  ...["swap-adjacent-in-lr-string", "flatten-nested-list-iterator", "mini-parser"],
  ...["populating-next-right-pointers-in-each-node", "intersection-of-two-linked-lists"],
  ...["serialize-and-deserialize-binary-tree", "delete-node-in-a-linked-list"],
  ...["shuffle-an-array", "construct-quad-tree", "alien-dictionary", "all-oone-data-structure"],
  ...["beautiful-arrangement-ii", "closest-leaf-in-a-binary-tree", "combination-sum-iii"],
  ...["course-schedule-ii", "custom-sort-string", "design-phone-directory", "evaluate-division"],
  ...["fair-candy-swap", "find-anagram-mappings", "find-median-from-data-stream"],
  ...["find-peak-element", "insert-delete-getrandom-o1", "ip-to-cidr", "permutations"],
  ...["insert-delete-getrandom-o1-duplicates-allowed", "largest-divisible-subset"],
  ...["longest-palindromic-substring", "minimum-remove-to-make-valid-parentheses"],
  ...["similar-rgb-color", "sliding-window-median", "three-equal-parts"],
  ...["unique-binary-search-trees-ii", "clone-graph", "random-pick-with-weight"],
  ...["all-possible-full-binary-trees", "serialize-and-deserialize-bst"],
];

async function acceptWhatTheyExpect(dbPath: string): Promise<void> {
  const all = Deno.env.get("CODEPREF_LEETCODE") === "all";
  const report = await checkTests(dbPath, all ? ["leetcode"] : SOME);
  assert.deepEqual(report.unsound, []);
  assert.equal(report.sound + report.unrunnable.length, report.questions);
  if (all) assert.ok(report.sound >= 1250, `${report.sound} questions`);
  assert.match(testsLines(report), /clone-graph: its test cases are broken in the package/);
  assert.match(testsLines(report), /random-pick-with-weight: it allows several right answers/);
}

/** The package's solutions by the slug of the question, which they link to; their numbers are not always right. */
function kzleetSolutions(): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of ["Easy", "Medium", "Hard"]) {
    const text = readFileSync(join(sitePackages(), "kzleet", `${name}.py`), "utf8");
    for (const part of text.split(/^class Solution_\d+\(Solution\):$/m).slice(1)) {
      const slug = part.match(/leetcode\.com\/problems\/([\w-]+)/)?.[1];
      const body = part.replace(/ {4}def __init__\(self\):\n.*\n/, "");
      if (slug) found.set(slug, `class Solution:${body}`);
    }
  }
  return found;
}

async function solutionsOfOthersPass(dbPath: string): Promise<void> {
  const solutions = kzleetSolutions();
  const questions = await withStore(dbPath, (store) =>
    store.rows<{ slug: string }>(
      "SELECT slug FROM questions WHERE harness IS NOT NULL ORDER BY number",
    ));
  const matching = questions.filter(({ slug }) => solutions.has(slug));
  assert.equal(matching.length, 19);
  const pool = new JudgePool(availableParallelism());
  try {
    const judged = await Promise.all(matching.map(async ({ slug }) => {
      const { verdict, first_failure } = await pool.judge(
        await judgeable(dbPath, slug),
        solutions.get(slug)!,
      );
      return `${slug}: ${verdict} ${JSON.stringify(first_failure)}`;
    }));
    assert.deepEqual(judged, matching.map(({ slug }) => `${slug}: pass null`));
  } finally {
    await pool.close();
  }
}

/** Wrong answers that the package's own comparisons take, and right ones that they refuse. */
const CHECKED: Record<string, { right: string; wrong: string }> = {
  "permutations": {
    right: "return [list(p) for p in permutations(nums)][::-1]",
    wrong: "return [nums] * math.factorial(len(nums))",
  },
  "course-schedule-ii": {
    right: `
        left, order = set(range(num_courses)), []
        while True:
            free = [c for c in left if not any(a == c and b in left for a, b in prerequisites)]
            if not free:
                return [] if left else order
            order.append(free[-1])
            left.remove(free[-1])`,
    wrong: "return list(range(num_courses))",
  },
  "find-peak-element": {
    right: `
        ends = [float("-inf"), *nums, float("-inf")]
        return next(i for i in range(len(nums)) if ends[i] < ends[i + 1] > ends[i + 2])`,
    wrong: "return 0",
  },
  "fair-candy-swap": {
    right: `
        half = (sum(alice_sizes) - sum(bob_sizes)) // 2
        return next([a, a - half] for a in alice_sizes if a - half in bob_sizes)`,
    wrong: `
        half = (sum(alice_sizes) - sum(bob_sizes)) // 2
        return [half + 1_000_000, 1_000_000]`,
  },
};

async function checkersTakeRightAnswers(dbPath: string): Promise<void> {
  const pool = new JudgePool(1);
  try {
    for (const [slug, bodies] of Object.entries(CHECKED)) {
      const question = await judgeable(dbPath, slug);
      for (const [kind, body] of Object.entries(bodies)) {
        const code = question.question.starter_code.replace(/pass\s*$/, body.trimStart() + "\n");
        const { verdict, first_failure } = await pool.judge(question, code);
        assert.equal(
          verdict,
          kind === "right" ? "pass" : "wrong",
          `${slug} ${kind} ${JSON.stringify(first_failure)}`,
        );
      }
    }
  } finally {
    await pool.close();
  }
}

async function changedArguments(dbPath: string): Promise<void> {
  // Sorted, all would be well with an empty list of numbers.
  const question = await judgeable(dbPath, "largest-divisible-subset");
  const code = "class Solution:\n    def largest_divisible_subset(self, nums):\n" +
    "        n = len(nums)\n        nums[:] = [1 << i for i in range(n)]\n        return list(nums)\n";
  const pool = new JudgePool(1);
  try {
    assert.equal((await pool.judge(question, code)).verdict, "wrong");
  } finally {
    await pool.close();
  }
}

Deno.test("LeetCode", async (t) => {
  await withQuestions([], async (dbPath) => {
    await withStore(dbPath, (store) => importLeetcode(store));
    const steps: Record<string, (dbPath: string) => Promise<void>> = {
      "tests accept the outputs that they expect, and no answer that is never right":
        acceptWhatTheyExpect,
      "solutions that others wrote pass": solutionsOfOthersPass,
      "a checker takes any right answer and no wrong one": checkersTakeRightAnswers,
      "what a solution does to its arguments does not change what it is compared by":
        changedArguments,
    };
    for (const [name, step] of Object.entries(steps)) await t.step(name, () => step(dbPath));
  });
});
