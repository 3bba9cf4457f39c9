"""Any box of each after whose exchange both have as much."""


def check(result, alice_sizes, bob_sizes, expected):
    given, taken = result
    assert given in alice_sizes and taken in bob_sizes
    assert sum(alice_sizes) - given + taken == sum(bob_sizes) - taken + given
