class Solution:
    def wiggle_sort(self, nums):
        ascending = sorted(nums)
        half = (len(nums) + 1) // 2
        nums[::2], nums[1::2] = ascending[:half][::-1], ascending[half:][::-1]
