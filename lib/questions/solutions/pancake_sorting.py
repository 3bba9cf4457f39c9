class Solution:
    def pancake_sort(self, arr):
        flips = []
        for size in range(len(arr), 1, -1):
            place = arr.index(size) + 1
            flips += [place, size]
            arr[:place] = arr[:place][::-1]
            arr[:size] = arr[:size][::-1]
        return flips
