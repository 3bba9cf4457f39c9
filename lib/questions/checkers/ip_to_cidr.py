"""Any list of as few blocks that covers exactly the n addresses from ip on."""


def check(result, ip, n, expected):
    assert len(result) == len(expected)
    start = _number(ip)
    covered = []
    for block in result:
        address, length = block.split("/")
        size = 1 << (32 - int(length))
        assert _number(address) % size == 0
        covered.append((_number(address), size))
    at = start
    for first, size in sorted(covered):
        assert first == at
        at += size
    assert at == start + n


def _number(ip):
    parts = [int(part) for part in ip.split(".")]
    assert len(parts) == 4 and all(0 <= part < 256 for part in parts)
    return sum(part << 8 * (3 - i) for i, part in enumerate(parts))
