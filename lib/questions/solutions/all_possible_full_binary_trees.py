class Solution:
    @cache
    def all_possible_fbt(self, n):
        if n == 1:
            return [TreeNode(0)]
        return [
            TreeNode(0, left, right)
            for size in range(1, n - 1, 2)
            for left in self.all_possible_fbt(size)
            for right in self.all_possible_fbt(n - 1 - size)
        ]
