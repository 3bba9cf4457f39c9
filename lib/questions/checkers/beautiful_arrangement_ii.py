"""Any permutation of 1 to n with k distinct differences between neighbours."""


def check(result, n, k):
    assert sorted(result) == list(range(1, n + 1))
    assert len({abs(a - b) for a, b in zip(result, result[1:])}) == k
