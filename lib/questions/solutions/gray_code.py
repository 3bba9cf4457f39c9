class Solution:
    def gray_code(self, n):
        return [i ^ i >> 1 for i in range(1 << n)]
