class Solution:
    def read_binary_watch(self, turned_on):
        return [
            f"{hour}:{minute:02}"
            for hour in range(12)
            for minute in range(60)
            if (bin(hour) + bin(minute)).count("1") == turned_on
        ]
