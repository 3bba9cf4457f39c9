"""Numbers within 1e-5, wherever they stand."""

import math


def check(result, expected, **_):
    assert _close(result, expected)


def _close(got, wanted):
    if isinstance(wanted, (list, tuple)):
        return isinstance(got, (list, tuple)) and len(got) == len(wanted) and all(map(_close, got, wanted))
    if type(wanted) in (int, float) and type(got) in (int, float):
        return got == wanted or math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-5)
    return got == wanted
