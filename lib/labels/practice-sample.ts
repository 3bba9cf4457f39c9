/**
 * The practice pairs that come with the app, each for one thing that newcomers should know.
 *
 * @module
 */
import type { PracticePair } from "@/lib/labels/practice.ts";

/** What the questions have in common. */
const COMMON = { source: "practice", difficulty: "easy", topics: [] };

/** In the order in which they are shown. */
export const PRACTICE_SAMPLE: readonly PracticePair[] = [
  {
    pair: "practice-first-index",
    question: {
      ...COMMON,
      slug: "practice-first-index",
      number: 1,
      title: "First place of a value",
      description:
        "Return the index of the first item that equals `wanted`, or `-1` when there is none.",
      examples: [
        "Input: `items = [4, 7, 7]`, `wanted = 7`\n\nOutput: `1`",
        "Input: `items = [4, 7]`, `wanted = 5`\n\nOutput: `-1`",
      ],
      constraints: "- `items` has at most 1,000 items",
    },
    code1: `def first_index(items, wanted):
    for index, item in enumerate(items):
        if item == wanted:
            return index
    return -1`,
    code2: `def first_index(items, wanted):
    for index, item in enumerate(items):
        if item == wanted:
            return index
        return -1`,
    preference: "version1",
    reason:
      "Correctness comes first. The two differ in one indentation: the other solution returns -1 as soon as the " +
      "first item is not the right one, so [4, 7, 7] and 7 give -1.",
  },
  {
    pair: "practice-repeated-value",
    question: {
      ...COMMON,
      slug: "practice-repeated-value",
      number: 2,
      title: "Is a value repeated?",
      description: "Return whether any value is there more than once.",
      examples: ["Input: `values = [3, 1, 3]`\n\nOutput: `True`"],
      constraints: "- `values` has at most 100,000 items",
    },
    code1: `def has_repeated(values):
    for i in range(len(values)):
        for j in range(i + 1, len(values)):
            if values[i] == values[j]:
                return True
    return False`,
    code2: `def has_repeated(values):
    seen = set()
    for value in values:
        if value in seen:
            return True
        seen.add(value)
    return False`,
    preference: "version2",
    reason:
      "Both are right, so performance decides. With 100,000 items that all differ, the nested loops compare five " +
      "thousand million times, the set is asked 100,000 times.",
  },
  {
    pair: "practice-median",
    question: {
      ...COMMON,
      slug: "practice-median",
      number: 3,
      title: "Median",
      description:
        "Return the median of the numbers: the middle one in order of size, or the mean of the middle two.",
      examples: [
        "Input: `numbers = [9, 1, 5]`\n\nOutput: `5`",
        "Input: `numbers = [4, 2]`\n\nOutput: `3.0`",
      ],
      constraints: "- `numbers` is not empty",
    },
    code1: `def median(numbers):
    middle = len(numbers) // 2
    if len(numbers) % 2 == 1:
        return numbers[middle]
    return (numbers[middle - 1] + numbers[middle]) / 2`,
    code2: `def median(numbers):
    ordered = sorted(numbers)
    return ordered[len(ordered) // 2]`,
    preference: "both_bad",
    reason:
      "Neither is acceptable: one never sorts and says 1 for [9, 1, 5], the other takes one number of the middle " +
      "two and says 4 for [4, 2]. “Both bad” is the answer then, not the lesser evil.",
  },
  {
    pair: "practice-count-words",
    question: {
      ...COMMON,
      slug: "practice-count-words",
      number: 4,
      title: "Count words",
      description: "Return how many words the text has. Words are separated by white space.",
      examples: ['Input: `text = "to be or  not"`\n\nOutput: `4`'],
      constraints: "",
    },
    code1: `def count_words(text):
    return len(text.split())`,
    code2: `def count_words(text):
    words = text.split()
    return len(words)`,
    preference: "same",
    reason:
      "They do the same in the same time and read equally well. “Tie” is an answer like the others: use it where no " +
      "difference matters.",
  },
  {
    pair: "practice-clamp",
    question: {
      ...COMMON,
      slug: "practice-clamp",
      number: 5,
      title: "Keep a number in a range",
      description:
        "Return `number` where it lies between `low` and `high`, otherwise the nearer of the two.",
      examples: ["Input: `number = 12`, `low = 0`, `high = 10`\n\nOutput: `10`"],
      constraints: "- `low` is not larger than `high`",
    },
    code1: `def clamp(number, low, high):
    return max(low, min(number, high))`,
    code2: `def clamp(number, low, high):
    # First, we need to initialise the result with the number itself.
    result = number
    # Check whether the number is smaller than the lower bound.
    if number < low:
        # If it is, the result has to be the lower bound.
        result = low
    else:
        # Otherwise, check whether it is larger than the upper bound.
        if number > high:
            # If it is, the result has to be the upper bound.
            result = high
        else:
            # The number lies in the range, so it stays as it is.
            result = number
    # Finally, return the result.
    return result`,
    preference: "version1",
    reason:
      "Both are right and fast, so readability decides. Longer is not better: the comments repeat what the code " +
      "says, and one line says it all.",
  },
];
