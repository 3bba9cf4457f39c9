class Solution:
    def construct(self, grid):
        def build(r, c, size):
            values = {grid[i][j] for i in range(r, r + size) for j in range(c, c + size)}
            if len(values) == 1:
                return Node(bool(values.pop()), True)
            half = size // 2
            return Node(True, False, *(build(i, j, half) for i in (r, r + half) for j in (c, c + half)))

        return build(0, 0, len(grid))
