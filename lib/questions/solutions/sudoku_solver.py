class Solution:
    def solve_sudoku(self, board):
        rows, columns, boxes = ([set() for _ in range(9)] for _ in range(3))
        free = []
        for r in range(9):
            for c in range(9):
                digit = board[r][c]
                if digit == ".":
                    free.append((r, c))
                else:
                    for seen in (rows[r], columns[c], boxes[r // 3 * 3 + c // 3]):
                        seen.add(digit)

        def options(place):
            r, c = place
            return set("123456789") - rows[r] - columns[c] - boxes[r // 3 * 3 + c // 3]

        def fill():
            if not free:
                return True
            place = min(free, key=lambda p: len(options(p)))
            free.remove(place)
            r, c = place
            groups = (rows[r], columns[c], boxes[r // 3 * 3 + c // 3])
            for digit in options(place):
                board[r][c] = digit
                for seen in groups:
                    seen.add(digit)
                if fill():
                    return True
                for seen in groups:
                    seen.discard(digit)
            board[r][c] = "."
            free.append(place)
            return False

        fill()
