import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { judge, JudgePool } from "@/lib/judging/judge.ts";
import { SANDBOXES } from "@/lib/judging/sandbox.ts";
import { judgeFile } from "@/lib/judging/judge-file.ts";
import { allJudgeable, judgeable, withQuestions } from "./questions.ts";

Deno.test("every reference solution of HumanEval passes, and answering with None never does", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const questions = await allJudgeable(dbPath, "humaneval");
    assert.equal(questions.length, 164);
    const pool = new JudgePool(availableParallelism());
    try {
      await Promise.all(questions.map(async (question) => {
        const { slug, reference_code, entry_point } = question.question;
        const right = await pool.judge(question, reference_code!);
        assert.equal(right.verdict, "pass", `${slug}: ${JSON.stringify(right.first_failure)}`);
        assert.equal(right.cases_passed, right.cases_total);
        const nothing = await pool.judge(question, `def ${entry_point}(*args):\n    return None\n`);
        assert.notEqual(nothing.verdict, "pass", slug);
      }));
    } finally {
      await pool.close();
    }
  }));

/** Solutions to LeetCode questions of different kinds, in the styles that models write. */
const SOLUTIONS: Record<string, string> = {
  "two-sum": `
class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
        seen = {}
        for i, x in enumerate(nums):
            if target - x in seen:
                return [seen[target - x], i]
            seen[x] = i
`,
  "valid-parentheses": `
def is_valid(s):
    stack = []
    for c in s:
        if c in "([{":
            stack.append({"(": ")", "[": "]", "{": "}"}[c])
        elif not stack or stack.pop() != c:
            return False
    return not stack
`,
  "invert-binary-tree": `
class Solution:
    def invertTree(self, root: Optional[TreeNode]) -> Optional[TreeNode]:
        if root:
            root.left, root.right = self.invertTree(root.right), self.invertTree(root.left)
        return root
`,
  "merge-two-sorted-lists": `
class Solution:
    def mergeTwoLists(self, list1, list2):
        head = last = ListNode(0)
        while list1 and list2:
            if list1.val > list2.val:
                list1, list2 = list2, list1
            last.next, list1 = list1, list1.next
            last = last.next
        last.next = list1 or list2
        return head.next
`,
  "lru-cache": `
class LRUCache:
    def __init__(self, capacity):
        self.capacity, self.data = capacity, OrderedDict()

    def get(self, key):
        if key not in self.data:
            return -1
        self.data.move_to_end(key)
        return self.data[key]

    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        if len(self.data) > self.capacity:
            self.data.popitem(last=False)
`,
  "move-zeroes": `
class Solution:
    def moveZeroes(self, nums):
        nums[:] = [x for x in nums if x] + [0] * nums.count(0)
`,
  "implement-trie-prefix-tree": `
class Trie:
    def __init__(self):
        self.words = set()

    def insert(self, word):
        self.words.add(word)

    def search(self, word):
        return word in self.words

    def startsWith(self, prefix):
        return any(word.startswith(prefix) for word in self.words)
`,
};

Deno.test("LeetCode: functions, trees, lists, classes and changes in place; camelCase or snake_case", () =>
  withQuestions(["leetcode"], async (dbPath) => {
    const pool = new JudgePool(2);
    try {
      for (const [slug, code] of Object.entries(SOLUTIONS)) {
        const question = await judgeable(dbPath, slug);
        const right = await pool.judge(question, code);
        assert.equal(right.verdict, "pass", `${slug}: ${JSON.stringify(right.first_failure)}`);
        const empty = await pool.judge(question, question.question.starter_code);
        assert.notEqual(empty.verdict, "pass", slug);
      }
      const unrunnable = await judgeable(dbPath, "guess-number-higher-or-lower");
      await assert.rejects(pool.judge(unrunnable, "pass"), /no unit tests that can be run/);
    } finally {
      await pool.close();
    }
  }));

Deno.test("a failure tells the case, what was expected and what came", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const question = await judgeable(dbPath, "humaneval-53"); // add(x, y)
    const wrong = await judge(question, "def add(x, y):\n    return x * y\n");
    assert.equal(wrong.verdict, "wrong");
    assert.deepEqual(wrong.first_failure, {
      position: 0,
      input: "(0, 1)",
      expected: "1",
      got: "0",
      error: null,
    });
    assert.equal(wrong.cases.length, wrong.cases_total);
    assert.ok(wrong.milliseconds > 0 && wrong.peak_memory_bytes > 1e6);

    const error = await judge(question, "def add(x, y):\n    return x + undefined\n");
    assert.equal(error.verdict, "error");
    assert.match(error.first_failure!.error!, /NameError.*undefined.*\(line 2\)/);

    const broken = await judge(question, "def add(x, y:\n");
    assert.equal(broken.verdict, "error");
    assert.match(broken.first_failure!.error!, /SyntaxError/);

    const other = await judge(question, "def sum(x, y):\n    return x + y\n");
    assert.match(other.first_failure!.error!, /add is not defined/);
  }));

Deno.test("a file is judged by itself, and a file that is not there is named", () =>
  withQuestions(["humaneval"], async (dbPath) => {
    const file = await Deno.makeTempFile({ suffix: ".py" });
    try {
      await Deno.writeTextFile(file, "add = lambda x, y: x + y\n");
      const judgement = await judgeFile(dbPath, "humaneval-53", file);
      assert.equal(judgement.verdict, "pass");
      assert.equal(judgement.question, "humaneval-53");
    } finally {
      await Deno.remove(file);
    }
    await assert.rejects(judgeFile(dbPath, "humaneval-53", file), /cannot be read/);
    await assert.rejects(judgeFile(`${dbPath}.missing`, "x", "y"), /cannot be read/);
  }));

Deno.test("solutions import from Python's library at every level of the sandbox", async (t) => {
  await withQuestions(["humaneval"], async (dbPath) => {
    const add = await judgeable(dbPath, "humaneval-53");
    // Nothing that judging itself has loaded: plain Python and a shared library.
    const code = "def add(x, y):\n    import _csv, colorsys, csv\n    return x + y";
    for (const sandbox of SANDBOXES) {
      await t.step(sandbox, async () => {
        const { verdict, first_failure } = await judge(add, code, undefined, sandbox);
        assert.equal(verdict, "pass", JSON.stringify(first_failure));
      });
    }
  });
});
