"""Any peak."""


def check(result, nums, expected):
    assert isinstance(result, int) and 0 <= result < len(nums)
    assert result == 0 or nums[result - 1] < nums[result]
    assert result == len(nums) - 1 or nums[result + 1] < nums[result]
