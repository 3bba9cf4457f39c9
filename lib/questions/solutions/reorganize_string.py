class Solution:
    def reorganize_string(self, s):
        letters = [letter for letter, n in Counter(s).most_common() for _ in range(n)]
        text = [""] * len(s)
        half = (len(s) + 1) // 2
        text[::2], text[1::2] = letters[:half], letters[half:]
        return "".join(text) if all(a != b for a, b in zip(text, text[1:])) else ""
