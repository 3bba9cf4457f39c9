class Solution:
    def str_without3a3b(self, a, b):
        text = ""
        while a or b:
            if text[-2:] == "aa" or (text[-2:] != "bb" and b > a):
                text, b = text + "b", b - 1
            else:
                text, a = text + "a", a - 1
        return text
