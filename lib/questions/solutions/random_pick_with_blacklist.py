class Solution:
    def __init__(self, n, blacklist):
        self.free = n - len(blacklist)
        black = set(blacklist)
        spare = (number for number in range(self.free, n) if number not in black)
        self.instead = {number: next(spare) for number in black if number < self.free}

    def pick(self):
        number = random.randrange(self.free)
        return self.instead.get(number, number)
