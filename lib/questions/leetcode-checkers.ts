/**
 * Questions whose own tests know one of several right answers, or take wrong ones: what compares instead.
 *
 * A checker is a Python file in `checkers/` with a function `check(result, **values)`, where `values` are the
 * case's, by the names that the question's tests give them. It fails by an exception.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Slug -> file in `checkers/`, without its ending. */
const CHECKERS: Readonly<Record<string, string>> = {
  "alien-dictionary": "alien_dictionary",
  "all-oone-data-structure": "all_oone_data_structure",
  "beautiful-arrangement-ii": "beautiful_arrangement_ii",
  "champagne-tower": "close",
  "closest-leaf-in-a-binary-tree": "closest_leaf_in_a_binary_tree",
  "combination-sum-iii": "any_order_of_sets",
  "combinations": "any_order_of_sets",
  "concatenated-words": "any_order",
  "construct-quad-tree": "construct_quad_tree",
  "course-schedule-ii": "course_schedule_ii",
  "custom-sort-string": "custom_sort_string",
  "design-phone-directory": "design_phone_directory",
  "evaluate-division": "close",
  "fair-candy-swap": "fair_candy_swap",
  "find-all-numbers-disappeared-in-an-array": "any_order",
  "find-anagram-mappings": "find_anagram_mappings",
  "find-median-from-data-stream": "close",
  "find-peak-element": "find_peak_element",
  "insert-delete-getrandom-o1": "insert_delete_getrandom",
  "insert-delete-getrandom-o1-duplicates-allowed": "insert_delete_getrandom",
  "ip-to-cidr": "ip_to_cidr",
  "keyboard-row": "any_order",
  "largest-divisible-subset": "largest_divisible_subset",
  "longest-palindromic-substring": "longest_palindromic_substring",
  "minimum-remove-to-make-valid-parentheses": "minimum_remove_to_make_valid_parentheses",
  "moving-average-from-data-stream": "close",
  "permutations": "any_order",
  "similar-rgb-color": "similar_rgb_color",
  "sliding-window-median": "close",
  "three-equal-parts": "three_equal_parts",
  "unique-binary-search-trees-ii": "unique_binary_search_trees_ii",
};

/** The source of a question's checker, if it has one. */
export function checkerSource(slug: string): string | null {
  if (!Object.hasOwn(CHECKERS, slug)) return null;
  return readFileSync(join(import.meta.dirname!, "checkers", `${CHECKERS[slug]}.py`), "utf8");
}
