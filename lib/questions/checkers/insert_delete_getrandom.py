"""Whichever of the numbers that are in is drawn."""


def check(result, operations, inputs, expected):
    assert len(result) == len(expected)
    keeps_duplicates = operations[0] == "RandomizedCollection"
    numbers = []
    for operation, given, got, wanted in zip(operations, inputs, result, expected):
        if operation == "getRandom":
            assert got in numbers
            continue
        assert got == wanted
        if operation == "insert" and (wanted or keeps_duplicates):
            numbers.append(given[0])
        elif operation == "remove" and wanted:
            numbers.remove(given[0])
