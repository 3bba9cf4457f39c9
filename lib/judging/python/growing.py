"""Larger inputs from those of a question, for comparing the time of two solutions. Put behind the question's own
harness: it calls its function `test`.

Which of them are inputs that the question allows nobody here knows. They keep what can be seen of the small ones
(order, distinct values, lists of one length, numbers that are a length), and whoever measures leaves out those on
which two solutions fail or disagree.
"""

_MOST_VALUES = 200_000


class TooLarge(Exception):
    pass


def run_timed(given, expected, factor, repeats, ahead):
    """Calls the candidate `repeats` times with the input, `factor` times as large.

    `ahead`: what is added comes before what was there, so that what a solution looks for is at the end. What the
    candidate answers is compared by whoever measures.
    """
    large = _enlarged(given, factor, ahead) if factor > 1 else given
    for _ in range(repeats):
        try:
            test(large, expected)
        except Exception:  # it is not the answer to the smaller input
            pass


def _enlarged(given, factor, ahead):
    lengths = {len(value) for value in given if isinstance(value, (list, str)) and len(value) > 1}
    large = tuple(_larger(value, factor, ahead, lengths) for value in given)
    if _count(large) > _MOST_VALUES:
        raise TooLarge(f"more than {_MOST_VALUES} values")
    return large


def _larger(value, factor, ahead, lengths):
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value * factor if value in lengths or not lengths else value
    if isinstance(value, str):
        return value * factor
    if isinstance(value, list) and value:
        return _longer(value, factor, ahead)
    return value


def _longer(values, factor, ahead):
    if len(values) * factor > _MOST_VALUES:
        raise TooLarge(f"more than {_MOST_VALUES} values")
    numbers = all(type(value) is int for value in values)
    if not numbers:
        return [_copy(value) for _ in range(factor) for value in values]
    rising = all(a <= b for a, b in zip(values, values[1:]))
    falling = all(a >= b for a, b in zip(values, values[1:]))
    if len(set(values)) == len(values):
        # Copies beside one another: still distinct, still a permutation, still in order.
        span = max(values) - min(values) + 1
        backwards = falling if rising or falling else ahead
        shifts = range(factor - 1, -1, -1) if backwards and len(values) > 1 else range(factor)
        return [value + n * span for n in shifts for value in values]
    if rising or falling:
        return [value for value in values for _ in range(factor)]
    return values * factor


def _copy(value):
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _count(value):
    if isinstance(value, (list, tuple)):
        return 1 + sum(map(_count, value))
    return len(value) if isinstance(value, str) else 1
