class Solution:
    def sorted_array_to_bst(self, nums):
        if not nums:
            return None
        middle = len(nums) // 2
        left, right = nums[:middle], nums[middle + 1 :]
        return TreeNode(nums[middle], self.sorted_array_to_bst(left), self.sorted_array_to_bst(right))
