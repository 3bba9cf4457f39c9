class Solution:
    def wiggle_sort(self, nums):
        for i in range(1, len(nums)):
            if (nums[i] < nums[i - 1]) == (i % 2 == 1):
                nums[i], nums[i - 1] = nums[i - 1], nums[i]
