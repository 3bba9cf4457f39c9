"""Any shorthand color as near as the nearest."""


def check(result, color, expected):
    assert isinstance(result, str) and len(result) == 7 and result[0] == "#"
    assert all(result[i] == result[i + 1] and result[i] in "0123456789abcdef" for i in (1, 3, 5))
    assert _distance(color, result) == _distance(color, expected)


def _distance(one, other):
    return sum((int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) ** 2 for i in (1, 3, 5))
