/**
 * Questions of our own and answers to them, for pictures of the web app.
 *
 * @module
 */
import type { OwnQuestion } from "@/lib/questions/own.ts";

/** An answer, and whether the question's tests pass on it. */
export interface SampleAnswer {
  code: string;
  passes: boolean;
}

/** A question with a better answer and a worse one. */
export interface SampleQuestion {
  question: OwnQuestion;
  better: SampleAnswer;
  worse: SampleAnswer;
}

const MERGE_BOOKINGS: SampleQuestion = {
  question: {
    title: "Merge bookings",
    difficulty: "medium",
    topics: ["intervals", "sorting"],
    entry_point: "merge_bookings",
    starter_code: "def merge_bookings(bookings: list[list[int]]) -> list[list[int]]:\n    ...",
    description:
      "A meeting room has `bookings`, each a list `[start, end]` with `start < end`. Return the times " +
      "at which the room is taken, as few intervals as possible, **in the order of their starts**.\n\n" +
      "Bookings that overlap become one, and so do those where one begins when the other ends. The " +
      "argument must not change.",
    examples: [
      "Input: `bookings = [[9, 11], [10, 12], [14, 15]]`\n\nOutput: `[[9, 12], [14, 15]]`",
      "Input: `bookings = [[1, 4], [4, 5]]`\n\nOutput: `[[1, 5]]`",
    ],
    constraints: "- `0 <= len(bookings) <= 10**5`\n- `0 <= start < end <= 10**9`",
    licence: "Apache-2.0",
    redistributable: true,
    tests: [
      { input: "([[9, 11], [10, 12], [14, 15]],)", expected: "[[9, 12], [14, 15]]" },
      { input: "([[1, 4], [4, 5]],)", expected: "[[1, 5]]" },
      { input: "([],)", expected: "[]" },
      { input: "([[5, 6], [1, 9]],)", expected: "[[1, 9]]" },
    ],
  },
  better: {
    passes: true,
    code: `def merge_bookings(bookings: list[list[int]]) -> list[list[int]]:
    """Sweep over the bookings by start and grow the last interval."""
    merged: list[list[int]] = []
    for start, end in sorted(bookings):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged`,
  },
  worse: {
    passes: false,
    code: `def merge_bookings(bookings: list[list[int]]) -> list[list[int]]:
    result = []
    while bookings:
        current = bookings.pop(0)
        i = 0
        while i < len(bookings):
            other = bookings[i]
            if other[0] <= current[1] and current[0] <= other[1]:
                current = [min(current[0], other[0]), max(current[1], other[1])]
                bookings.pop(i)
                i = 0  # start over, the interval has grown
            else:
                i += 1
        result.append(current)
    return result  # in the order of the input`,
  },
};

/** Questions that differ in a number; each is written twice as people would, once well and once less so. */
const FAMILIES: ((n: number) => SampleQuestion)[] = [
  (n) => ({
    question: {
      title: `Count multiples of ${n}`,
      difficulty: "easy",
      topics: ["counting"],
      entry_point: "count_multiples",
      description: `Return how many of \`numbers\` are multiples of ${n}.`,
      tests: [
        { input: `([0, ${n}, ${2 * n + 1}],)`, expected: n === 1 ? "3" : "2" },
        { input: "([],)", expected: "0" },
      ],
    },
    better: {
      passes: true,
      code:
        `def count_multiples(numbers):\n    return sum(number % ${n} == 0 for number in numbers)`,
    },
    worse: {
      passes: true,
      code: `def count_multiples(numbers):\n    found = []\n    for i in range(len(numbers)):\n` +
        `        if numbers[i] % ${n} == 0:\n            found = found + [numbers[i]]\n    return len(found)`,
    },
  }),
  (n) => ({
    question: {
      title: `Words of ${n} letters`,
      difficulty: "easy",
      topics: ["strings"],
      entry_point: "words_of_length",
      description: `Return the words of \`text\` that have exactly ${n} letters, in their order.`,
      tests: [{
        input: `("${"a".repeat(n)} ${"b".repeat(n + 1)}",)`,
        expected: `["${"a".repeat(n)}"]`,
      }],
    },
    better: {
      passes: true,
      code:
        `def words_of_length(text):\n    return [word for word in text.split() if len(word) == ${n}]`,
    },
    worse: {
      passes: false,
      code: `def words_of_length(text):\n    result = []\n    for word in text.split(" "):\n` +
        `        if len(word) >= ${n}:\n            result.append(word)\n    return result`,
    },
  }),
  (n) => ({
    question: {
      title: `Largest sum of ${n} neighbours`,
      difficulty: "medium",
      topics: ["sliding window"],
      entry_point: "largest_window",
      description:
        `Return the largest sum of ${n} neighbours in \`numbers\`, which holds at least ${n}.`,
      tests: [{ input: `([1] * ${n} + [2],)`, expected: String(n + 1) }],
    },
    better: {
      passes: true,
      code: `def largest_window(numbers):\n    window = best = sum(numbers[:${n}])\n` +
        `    for old, new in zip(numbers, numbers[${n}:]):\n        window += new - old\n` +
        `        best = max(best, window)\n    return best`,
    },
    worse: {
      passes: true,
      code:
        `def largest_window(numbers):\n    sums = []\n    for i in range(len(numbers) - ${n} + 1):\n` +
        `        sums.append(sum(numbers[i:i + ${n}]))\n    return max(sums)`,
    },
  }),
  (n) => ({
    question: {
      title: `Paths with ${n} obstacles`,
      difficulty: "hard",
      topics: ["graphs", "breadth-first search"],
      entry_point: "shortest_path",
      description:
        `Return the length of the shortest path through a grid of \`0\` and \`1\` from the first ` +
        `cell to the last that steps on at most ${n} ones, or -1.`,
      tests: [{ input: "([[0, 0], [1, 0]],)", expected: "2" }],
    },
    better: {
      passes: true,
      code:
        `from collections import deque\n\ndef shortest_path(grid):\n    rows, columns = len(grid), len(grid[0])\n` +
        `    queue, seen = deque([(0, 0, 0, 0)]), {(0, 0, 0)}\n    while queue:\n        r, c, ones, steps = queue.popleft()\n` +
        `        if (r, c) == (rows - 1, columns - 1):\n            return steps\n        for y, x in ((r + 1, c), (r, c + 1), (r - 1, c), (r, c - 1)):\n` +
        `            if 0 <= y < rows and 0 <= x < columns:\n                state = (y, x, ones + grid[y][x])\n` +
        `                if state[2] <= ${n} and state not in seen:\n                    seen.add(state)\n                    queue.append((*state, steps + 1))\n    return -1`,
    },
    worse: {
      passes: false,
      code:
        `def shortest_path(grid, r=0, c=0, ones=0):\n    if r == len(grid) or c == len(grid[0]):\n        return -1\n` +
        `    ones += grid[r][c]\n    if ones > ${n}:\n        return -1\n    if (r, c) == (len(grid) - 1, len(grid[0]) - 1):\n` +
        `        return 0\n    ways = [shortest_path(grid, r + 1, c, ones), shortest_path(grid, r, c + 1, ones)]\n` +
        `    ways = [way for way in ways if way >= 0]\n    return 1 + min(ways) if ways else -1  # only down and right`,
    },
  }),
];

/** So many members of each family. */
const MEMBERS = 16;

/** All of them; {@link MERGE_BOOKINGS} is the first. */
export const SAMPLE_QUESTIONS: SampleQuestion[] = [
  MERGE_BOOKINGS,
  ...Array.from({ length: MEMBERS }, (_, i) => FAMILIES.map((make) => make(i + 2))).flat(),
];
