"""Nodes in pre-order as [is leaf, value]; the value counts in leaves alone."""


def check(result, grid, expected):
    assert [(leaf, value if leaf else None) for leaf, value in result] == [
        (leaf, value if leaf else None) for leaf, value in expected
    ]
