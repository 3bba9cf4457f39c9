class Solution:
    def advantage_count(self, nums1, nums2):
        numbers = deque(sorted(nums1))
        answer = [0] * len(nums2)
        for i in sorted(range(len(nums2)), key=lambda i: -nums2[i]):
            answer[i] = numbers.pop() if numbers[-1] > nums2[i] else numbers.popleft()
        return answer
