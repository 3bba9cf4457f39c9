class Solution:
    def construct_array(self, n, k):
        low, high, found = 1, k + 1, []
        while low <= high:
            found.append(low)
            if low < high:
                found.append(high)
            low, high = low + 1, high - 1
        return found + list(range(k + 2, n + 1))
