"""Any of the longest valid strings that are left after removing parentheses."""


def check(result, s, expected):
    assert isinstance(result, str) and len(result) == len(expected)
    rest = iter(s)
    assert all(character in rest for character in result)
    assert [c for c in result if c not in "()"] == [c for c in s if c not in "()"]
    depth = 0
    for character in result:
        depth += {"(": 1, ")": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
