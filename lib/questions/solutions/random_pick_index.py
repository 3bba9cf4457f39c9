class Solution:
    def __init__(self, nums):
        self.places = defaultdict(list)
        for i, number in enumerate(nums):
            self.places[number].append(i)

    def pick(self, target):
        return random.choice(self.places[target])
