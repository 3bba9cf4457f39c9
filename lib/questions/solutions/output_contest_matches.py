class Solution:
    def find_contest_match(self, n):
        teams = [str(i + 1) for i in range(n)]
        while len(teams) > 1:
            half = len(teams) // 2
            teams = [f"({a},{b})" for a, b in zip(teams[:half], reversed(teams))]
        return teams[0]
