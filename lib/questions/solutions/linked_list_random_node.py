class Solution:
    def __init__(self, head):
        self.values = []
        while head:
            self.values.append(head.val)
            head = head.next

    def get_random(self):
        return random.choice(self.values)
