class Solution:
    def __init__(self, m, n):
        self.m, self.n = m, n
        self.reset()

    def flip(self):
        place = random.randrange(self.m * self.n)
        while place in self.flipped:
            place = random.randrange(self.m * self.n)
        self.flipped.add(place)
        return list(divmod(place, self.n))

    def reset(self):
        self.flipped = set()
