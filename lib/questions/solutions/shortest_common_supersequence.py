class Solution:
    def shortest_common_supersequence(self, str1, str2):
        length = [[0] * (len(str2) + 1) for _ in range(len(str1) + 1)]
        for i in range(len(str1) - 1, -1, -1):
            for j in range(len(str2) - 1, -1, -1):
                if str1[i] == str2[j]:
                    length[i][j] = 1 + length[i + 1][j + 1]
                else:
                    length[i][j] = max(length[i + 1][j], length[i][j + 1])
        i = j = 0
        text = ""
        while i < len(str1) and j < len(str2):
            if str1[i] == str2[j]:
                text += str1[i]
                i, j = i + 1, j + 1
            elif length[i + 1][j] >= length[i][j + 1]:
                text, i = text + str1[i], i + 1
            else:
                text, j = text + str2[j], j + 1
        return text + str1[i:] + str2[j:]
