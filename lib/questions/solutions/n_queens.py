class Solution:
    def solve_n_queens(self, n):
        boards = []

        def place(columns):
            r = len(columns)
            if r == n:
                boards.append(["." * c + "Q" + "." * (n - c - 1) for c in columns])
                return
            for c in range(n):
                if all(c != other and abs(c - other) != r - row for row, other in enumerate(columns)):
                    place([*columns, c])

        place([])
        return boards
