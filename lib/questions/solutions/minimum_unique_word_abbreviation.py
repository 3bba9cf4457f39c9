class Solution:
    def min_abbreviation(self, target, dictionary):
        n = len(target)
        rivals = [
            sum(1 << i for i in range(n) if word[i] != target[i]) for word in dictionary if len(word) == n
        ]

        def abbreviation(mask):
            parts, skipped = [], 0
            for i in range(n):
                if mask >> i & 1:
                    parts += [str(skipped)] * bool(skipped) + [target[i]]
                    skipped = 0
                else:
                    skipped += 1
            return parts + [str(skipped)] * bool(skipped)

        best = list(target)
        for mask in range(1 << n):
            if all(mask & rival for rival in rivals):
                found = abbreviation(mask)
                if (len(found), len("".join(found))) < (len(best), len("".join(best))):
                    best = found
        return "".join(best)
