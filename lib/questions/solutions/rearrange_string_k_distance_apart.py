class Solution:
    def rearrange_string(self, s, k):
        if k < 2:
            return s
        heap = [(-n, letter) for letter, n in Counter(s).items()]
        heapify(heap)
        waiting, text = deque(), ""
        while heap:
            n, letter = heappop(heap)
            text += letter
            waiting.append((n + 1, letter))
            if len(waiting) >= k:
                ready = waiting.popleft()
                if ready[0]:
                    heappush(heap, ready)
        return text if len(text) == len(s) else ""
