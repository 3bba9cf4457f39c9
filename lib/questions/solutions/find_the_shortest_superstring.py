class Solution:
    def shortest_superstring(self, words):
        words = [w for w in words if not any(w != other and w in other for other in words)]
        overlap = [
            [max(n for n in range(min(len(a), len(b)) + 1) if a.endswith(b[:n])) for b in words] for a in words
        ]
        best = {(1 << i, i): word for i, word in enumerate(words)}
        for mask in range(1, 1 << len(words)):
            for last in range(len(words)):
                if (mask, last) not in best:
                    continue
                for i in range(len(words)):
                    if not mask >> i & 1:
                        text = best[mask, last] + words[i][overlap[last][i] :]
                        key = (mask | 1 << i, i)
                        if key not in best or len(text) < len(best[key]):
                            best[key] = text
        full = (1 << len(words)) - 1
        return min((best[full, i] for i in range(len(words))), key=len)
