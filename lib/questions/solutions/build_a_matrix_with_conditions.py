class Solution:
    def build_matrix(self, k, row_conditions, col_conditions):
        def order(conditions):
            needed, opens = [0] * (k + 1), defaultdict(list)
            for before, after in conditions:
                needed[after] += 1
                opens[before].append(after)
            found = [number for number in range(1, k + 1) if needed[number] == 0]
            for done in found:
                for number in opens[done]:
                    needed[number] -= 1
                    if needed[number] == 0:
                        found.append(number)
            return {number: i for i, number in enumerate(found)} if len(found) == k else None

        rows, columns = order(row_conditions), order(col_conditions)
        if rows is None or columns is None:
            return []
        matrix = [[0] * k for _ in range(k)]
        for number in range(1, k + 1):
            matrix[rows[number]][columns[number]] = number
        return matrix
