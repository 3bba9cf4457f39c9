"""The right items, in whatever order."""


def check(result, expected, **_):
    assert isinstance(result, (list, tuple))
    assert sorted(result) == sorted(expected)
