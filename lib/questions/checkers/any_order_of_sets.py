"""The right groups, in whatever order, whatever the order within each."""


def check(result, expected, **_):
    assert isinstance(result, (list, tuple))
    assert sorted(sorted(group) for group in result) == sorted(sorted(group) for group in expected)
