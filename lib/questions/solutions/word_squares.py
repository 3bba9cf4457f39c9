class Solution:
    def word_squares(self, words):
        starting = defaultdict(list)
        for word in words:
            for length in range(len(word) + 1):
                starting[word[:length]].append(word)
        found = []

        def extend(square):
            if len(square) == len(words[0]):
                found.append(square)
                return
            start = "".join(word[len(square)] for word in square)
            for word in starting[start]:
                extend([*square, word])

        extend([])
        return found
