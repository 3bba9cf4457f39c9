import assert from "node:assert/strict";
import { extractCode } from "@/lib/generation/code-blocks.ts";

const A = "class Solution:\n    def two_sum(self, nums, target):\n        return [0, 1]";
const B = "def two_sum(nums, target):\n    return sorted(nums)[:2]";

/** Name -> answer, the codes a person would read, status where it is not `ok`. */
const SHAPES: Record<string, [string, string[], string?]> = {
  "two tagged fences with prose": [
    `Sure!\n\n**Solution 1**\n\`\`\`python\n${A}\n\`\`\`\nThis is O(n).\n\n### Solution 2\n\`\`\`python\n${B}\n\`\`\`\nDone.`,
    [A, B],
  ],
  "fences without a tag": [`\`\`\`\n${A}\n\`\`\`\n\n\`\`\`\n${B}\n\`\`\``, [A, B]],
  "other spellings of the tag": [
    `\`\`\` Python3\n${A}\n\`\`\`\n~~~py\n${B}\n~~~`,
    [A, B],
  ],
  "a last fence left open": [`\`\`\`python\n${A}\n\`\`\`\nAnd\n\`\`\`python\n${B}`, [A, B]],
  "a first fence left open": [`\`\`\`python\n${A}\n\n\`\`\`python\n${B}\n\`\`\``, [A, B]],
  "a closing fence at the end of a line": [`\`\`\`python\n${B}\`\`\`\nIt sorts.`, [B]],
  "blocks in a list": [
    `1. First:\n   \`\`\`python\n${
      A.replace(/^/gm, "   ")
    }\n   \`\`\`\n2. Second:\n   \`\`\`python\n${B.replace(/^/gm, "   ")}\n   \`\`\``,
    [A, B],
  ],
  "Windows line ends": [`\`\`\`python\r\n${B.replaceAll("\n", "\r\n")}\r\n\`\`\``, [B]],
  "two versions in one block": [
    `\`\`\`python\n# Solution 1\n${A}\n\n# Solution 2\n${A.replace("0, 1", "1, 0")}\n\`\`\``,
    [`# Solution 1\n${A}`, `# Solution 2\n${A.replace("0, 1", "1, 0")}`],
  ],
  "imports that both versions in a block need": [
    `\`\`\`python\nimport heapq\n\n${B}\n\n${B.replace("sorted", "heapq.nsmallest")}\n\`\`\``,
    [`import heapq\n\n${B}`, `import heapq\n\n${B.replace("sorted", "heapq.nsmallest")}`],
  ],
  "helpers before the function": [
    `\`\`\`python\ndef helper(x):\n    return x\n\n${B}\n\`\`\``,
    [`def helper(x):\n    return x\n\n${B}`],
  ],
  "calls, output and other languages beside it": [
    `\`\`\`python\n${B}\n\`\`\`\nTry it:\n\`\`\`python\nprint(two_sum([1], 1))\n\`\`\`\n\`\`\`\n[0, 1]\n\`\`\`\n\`\`\`java\nclass Solution { int f() { return 1; } }\n\`\`\``,
    [B],
  ],
  "bare code": [B, [B]],
  "bare code amid prose": [
    `Here is a solution.\n\nimport math\n\n${B}\n\nThis function works (see above) for every input.`,
    [`import math\n\n${B}`],
  ],
  "only prose": ["Use a hash map from value to index.", [], "unread"],
  "only a call": ["```python\nprint(two_sum([1], 1))\n```", [], "unread"],
  "a refusal": ["I'm sorry, but I can't help with that.", [], "refused"],
  "nothing": [" \n", [], "empty"],
};

for (const [name, [text, codes, status = "ok"]] of Object.entries(SHAPES)) {
  Deno.test(`reads ${name}`, () => {
    assert.deepEqual(extractCode(text), { codes, status });
  });
}

Deno.test("code that was cut at the length limit does not count", () => {
  const cut = `\`\`\`python\n${A}\n\`\`\`\n\`\`\`python\ndef two_sum(nums, tar`;
  assert.deepEqual(extractCode(cut, { doneReason: "length" }), { codes: [A], status: "ok" });
  assert.deepEqual(extractCode("```python\ndef two_s", { doneReason: "length" }), {
    codes: [],
    status: "cut",
  });
  assert.deepEqual(extractCode("def two_sum(nums):\n    ret", { doneReason: "length" }), {
    codes: [],
    status: "cut",
  });
});
