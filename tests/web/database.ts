/** A database with questions of our own and pairs to label. */
import { join } from "node:path";
import { fillDatabase } from "@/lib/bench/label/database.ts";
import { type Row, withStore } from "@/lib/store/store.ts";

/** Codes of the pairs by slug, as version 1 and version 2. */
export const CODES: Record<string, [string, string]> = {
  "running-total": [
    `def running_total(numbers):
    """Sums of all prefixes."""
    total, sums = 0, []
    for number in numbers:
        total += number
        sums.append(total)
    return sums`,
    `from itertools import accumulate

def running_total(numbers):
    return list(accumulate(numbers))`,
  ],
  "count-vowels": [
    `def count_vowels(text):
    return sum(1 for c in text.lower() if c in "aeiou")`,
    `def count_vowels(text):
    count = 0
    for i in range(len(text)):
        if text[i] == "a" or text[i] == "e" or text[i] == "i" or text[i] == "o" or text[i] == "u":
            count = count + 1
    return count  # upper case is forgotten`,
  ],
  "merge-intervals": [
    `def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged`,
    `def merge(intervals):
    intervals.sort(key=lambda pair: pair[0])
    result = [intervals[0]]
    for current in intervals[1:]:
        last = result[-1]
        if current[0] <= last[1]:
            result[-1] = [last[0], max(last[1], current[1])]
        else:
            result.append(current)
    return result`,
  ],
  "is-palindrome": [
    `def is_palindrome(s):
    return s == s[::-1]`,
    `def is_palindrome(s):
    left, right = 0, len(s) - 1
    while left < right:
        if s[left] != s[right]:
            return False
        left, right = left + 1, right - 1
    return True`,
  ],
};

/** What hostile texts try. Each would leave `pwned` on the page's window. */
export const HOSTILE = {
  description: '<script>window.pwned = "script"</script><img src=x onerror="window.pwned = 1"> ' +
    '[link](javascript:window.pwned=2) <a href="javascript:window.pwned=3">other</a> ' +
    '<iframe srcdoc="<script>parent.pwned = 4</script>"></iframe><style>body{display:none}</style>' +
    "\u202egnitirw desrever\u202c",
  code: '</code></pre><script>window.pwned = 5</script><img src=x onerror="window.pwned = 6">\n' +
    "def f(): # \u202e overridden \u001b[31m red \u0000\n    return '</script><!--'",
};

/** Adds one question of ours; fields as the columns. */
export function questionRow(slug: string, number: number, description: string): Row {
  return {
    slug,
    number,
    title: slug.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join(" "),
    difficulty: number % 2 ? "easy" : "medium",
    topics: ["lists", "loops"],
    description,
    examples: ["Input: `[1, 2, 3]`\n\nOutput: `[1, 3, 6]`"],
    constraints: "- at most 10<sup>5</sup> items",
    entry_point: slug.replaceAll("-", "_"),
    starter_code: `def ${slug.replaceAll("-", "_")}(x):\n    ...`,
    source: "test",
    source_version: "1",
    licence: "Apache-2.0",
    redistributable: true,
    split: "train",
  };
}

/** A question with two generations and the pair of them. */
export async function addPair(
  path: string,
  question: Row,
  codes: [string, string],
  kind = "generated",
): Promise<string> {
  const slug = question.slug as string;
  const pair = `pair-${slug}`;
  await withStore(path, (store) =>
    store.transaction(async () => {
      await store.insert("questions", [question], "DO NOTHING");
      await store.insert(
        "generations",
        codes.map((code, variant) => ({
          id: `${slug}-${variant + 1}`,
          request_key: slug,
          variant,
          slug,
          prompt: "p",
          options: {},
          model: `secret-model-${variant + 1}`,
          model_digest: "d",
          provider: "embedded",
          raw_text: code,
          code,
          status: "ok",
          done_reason: "stop",
          prompt_tokens: 1,
          completion_tokens: 1,
          milliseconds: 1,
        })),
      );
      await store.insert("pairs", [
        { id: pair, slug, version1: `${slug}-1`, version2: `${slug}-2`, kind },
      ]);
    }));
  return pair;
}

/** Gives a question tests: Python sources of arguments and of what is expected. */
export async function addTests(
  path: string,
  slug: string,
  cases: [string, string][],
  entryPoint = slug.replaceAll("-", "_"),
): Promise<void> {
  const harness = {
    prelude: "",
    classes: [],
    functions: { candidate: entryPoint },
    module: "def test(input, expected):\n    assert candidate(*input) == expected",
    statements: {},
  };
  await withStore(path, async (store) => {
    await store.run("UPDATE questions SET harness = $1::JSON WHERE slug = $2", [harness, slug]);
    await store.insert(
      "question_tests",
      cases.map(([input, expected], position) => ({ slug, position, input, expected })),
    );
  });
}

/** More pairs, with questions numbered from 101, so that there are `count` of them. */
export async function addManyPairs(path: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await addPair(path, questionRow(`add-${i}`, 100 + i, `Add **${i}** to a number.`), [
      `def add_${i}(x):\n    return x + ${i}`,
      `def add_${i}(x):\n    for _ in range(${i}):\n        x += 1\n    return x`,
    ]);
  }
}

/** A new database in a folder of its own, with the pairs of {@link CODES}. */
export async function makeDatabase(): Promise<
  { path: string; [Symbol.asyncDispose](): Promise<void> }
> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-web-" });
  const path = join(folder, "test.duckdb");
  let number = 0;
  for (const [slug, codes] of Object.entries(CODES)) {
    const description =
      `Write a function for **${slug}** that takes a \`list\` of numbers and returns what the title says.\n\n` +
      "It must not change its argument. Think of the empty list, of a single item and of very long lists.";
    await addPair(path, questionRow(slug, ++number, description), codes);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** A new database with so many pairs, `pair-0` and on, four to a question. */
export async function manyPairs(
  pairs: number,
): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-web-" });
  const path = join(folder, "test.duckdb");
  await fillDatabase(path, { pairs, labels: 0 });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
