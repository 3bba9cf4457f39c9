"""Any of the keys with the most, or the fewest, counts."""


def check(result, operations, inputs, expected):
    assert len(result) == len(expected)
    counts = {}
    for operation, given, got in zip(operations, inputs, result):
        if operation in ("inc", "dec"):
            counts[given[0]] = counts.get(given[0], 0) + (1 if operation == "inc" else -1)
            if counts[given[0]] == 0:
                del counts[given[0]]
        if operation not in ("get_max_key", "get_min_key"):
            continue
        if not counts:
            assert got == ""
            continue
        wanted = (max if operation == "get_max_key" else min)(counts.values())
        assert counts.get(got) == wanted
