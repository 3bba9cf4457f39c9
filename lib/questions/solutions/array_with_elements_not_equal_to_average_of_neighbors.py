class Solution:
    def rearrange_array(self, nums):
        ascending = sorted(nums)
        half = (len(nums) + 1) // 2
        nums[::2], nums[1::2] = ascending[:half], ascending[half:]
        return nums
