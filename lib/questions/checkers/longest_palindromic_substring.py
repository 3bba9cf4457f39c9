"""Any of the longest palindromes."""


def check(result, s, expected):
    assert isinstance(result, str) and result in s and result == result[::-1]
    assert len(result) == max(len(one) for one in expected)
