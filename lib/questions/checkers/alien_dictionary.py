"""Any order of the letters that the order of the words does not contradict."""


def check(result, words, expected):
    if expected == "":
        assert result == ""
        return
    assert isinstance(result, str)
    assert sorted(result) == sorted(set("".join(words)))
    rank = {letter: i for i, letter in enumerate(result)}
    ranked = [[rank[letter] for letter in word] for word in words]
    assert ranked == sorted(ranked)
