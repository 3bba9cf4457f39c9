class Solution:
    def encode(self, s):
        @cache
        def shortest(text):
            period = (text + text).find(text, 1)
            best = text
            if period < len(text):
                best = min(best, f"{len(text) // period}[{shortest(text[:period])}]", key=len)
            for i in range(1, len(text)):
                best = min(best, shortest(text[:i]) + shortest(text[i:]), key=len)
            return best

        return shortest(s)
