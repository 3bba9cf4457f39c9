class Solution:
    def beautiful_array(self, n):
        found = [1]
        while len(found) < n:
            found = [2 * x - 1 for x in found] + [2 * x for x in found]
            found = [x for x in found if x <= n]
        return found
