"""Any permutation in which the letters of `order` come in that order."""


def check(result, order, s, expected):
    assert isinstance(result, str)
    assert sorted(result) == sorted(s)
    places = [order.index(letter) for letter in result if letter in order]
    assert places == sorted(places)
