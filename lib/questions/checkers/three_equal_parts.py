"""Any two places that part the list into three equal binary numbers."""


def check(result, arr, expected):
    if expected == [-1, -1]:
        assert result == [-1, -1]
        return
    i, j = result
    assert 0 <= i and i + 1 < j < len(arr)
    assert _value(arr[: i + 1]) == _value(arr[i + 1 : j]) == _value(arr[j:])


def _value(bits):
    return int("".join(map(str, bits)), 2)
