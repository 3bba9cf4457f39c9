"""Any of the largest subsets in which of two numbers one divides the other."""


def check(result, nums, expected):
    assert len(result) == len(expected)
    assert len(set(result)) == len(result) and set(result) <= set(nums)
    chain = sorted(result)
    assert all(large % small == 0 for small, large in zip(chain, chain[1:]))
