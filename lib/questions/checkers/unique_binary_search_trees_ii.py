"""All search trees of 1 to n, in whatever order; the question's own helper makes lists of them."""

import math


def check(result, n, expected_tree):
    assert expected_tree in result
    assert len(result) == len({repr(tree) for tree in result}) == math.comb(2 * n, n) // (n + 1)
    assert all(_in_order(TreeNode.from_list(tree)) == list(range(1, n + 1)) for tree in result)


def _in_order(node):
    return [] if node is None else [*_in_order(node.left), node.val, *_in_order(node.right)]
