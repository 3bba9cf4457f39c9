class Solution:
    def find_matrix(self, nums):
        rows, seen = [], Counter()
        for number in nums:
            if seen[number] == len(rows):
                rows.append([])
            rows[seen[number]].append(number)
            seen[number] += 1
        return rows
