"""Whichever free number is handed out."""


def check(result, operations, inputs, expected):
    assert len(result) == len(expected)
    free = set()
    for operation, given, got in zip(operations, inputs, result):
        if operation == "PhoneDirectory":
            free = set(range(given[0]))
        elif operation == "get":
            assert got in free if free else got == -1
            free.discard(got)
        elif operation == "check":
            assert got is (given[0] in free)
        elif operation == "release":
            free.add(given[0])
