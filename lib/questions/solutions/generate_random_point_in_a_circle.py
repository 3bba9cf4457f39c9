class Solution:
    def __init__(self, radius, x_center, y_center):
        self.radius, self.x, self.y = radius, x_center, y_center

    def rand_point(self):
        distance = self.radius * math.sqrt(random.random())
        angle = random.uniform(0, 2 * math.pi)
        return [self.x + distance * math.cos(angle), self.y + distance * math.sin(angle)]
