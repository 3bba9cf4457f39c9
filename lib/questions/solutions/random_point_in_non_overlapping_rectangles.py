class Solution:
    def __init__(self, rects):
        self.rects = rects
        self.sizes = [(x - a + 1) * (y - b + 1) for a, b, x, y in rects]

    def pick(self):
        a, b, x, y = random.choices(self.rects, self.sizes)[0]
        return [random.randint(a, x), random.randint(b, y)]
