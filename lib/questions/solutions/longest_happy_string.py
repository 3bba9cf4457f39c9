class Solution:
    def longest_happy_string(self, a, b, c):
        left, text = {"a": a, "b": b, "c": c}, ""
        while True:
            free = [letter for letter in left if left[letter] and text[-2:] != letter * 2]
            if not free:
                return text
            letter = max(free, key=left.get)
            left[letter] -= 1
            text += letter
