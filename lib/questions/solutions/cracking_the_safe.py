class Solution:
    def crack_safe(self, n, k):
        digits = [str(d) for d in range(k)]
        seen, text = set(), []

        def visit(last):
            for digit in digits:
                password = last + digit
                if password not in seen:
                    seen.add(password)
                    visit(password[1:])
                    text.append(digit)

        visit("0" * (n - 1))
        return "".join(text) + "0" * (n - 1)
