"""For each number any place where the second list has it."""


def check(result, nums1, nums2, expected):
    assert len(result) == len(nums1)
    assert all(0 <= place < len(nums2) for place in result)
    assert [nums2[place] for place in result] == nums1
