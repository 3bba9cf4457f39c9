class Solution:
    def find_strobogrammatic(self, n):
        def numbers(length):
            if length < 2:
                return ["0", "1", "8"] if length else [""]
            pairs = ("00", "11", "69", "88", "96")
            return [a + inner + b for inner in numbers(length - 2) for a, b in pairs]

        return [number for number in numbers(n) if n == 1 or number[:1] != "0"]
