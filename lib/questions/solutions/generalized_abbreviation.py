class Solution:
    def generate_abbreviations(self, word):
        found = []
        for mask in range(1 << len(word)):
            text, skipped = "", 0
            for i, letter in enumerate(word):
                if mask >> i & 1:
                    skipped += 1
                else:
                    text += (str(skipped) if skipped else "") + letter
                    skipped = 0
            found.append(text + (str(skipped) if skipped else ""))
        return found
