class Solution:
    def generate_palindromes(self, s):
        counts = Counter(s)
        odd = [letter for letter, n in counts.items() if n % 2]
        if len(odd) > 1:
            return []
        half = {letter: n // 2 for letter, n in counts.items()}
        found = []

        def extend(text):
            if len(text) == len(s) // 2:
                found.append(text + "".join(odd) + text[::-1])
                return
            for letter in half:
                if half[letter]:
                    half[letter] -= 1
                    extend(text + letter)
                    half[letter] += 1

        extend("")
        return found
