# The start of a candidate that knows the expected outputs: what tests have to accept if they are to be trusted.
# `replaying` makes the class that a question asks for; see lib/judging/replay.ts.

from copy import deepcopy as _deepcopy

_SENTINEL = "an answer that is never right"


def replaying(name, methods, cases, shape):
    """A class whose methods answer with the expected output of the case whose input they are given.

    `cases`: [(input, expected)]. `shape`: how the tests write an answer, see `_answer`; "sentinel" answers wrong.
    """

    def construct(self, *args, **named):
        self._given = [_plain(arg) for arg in (*args, *named.values())]
        self._calls = []

    def method(called):
        def answer(self, *args, **named):
            args = (*args, *named.values())
            if shape == "sentinel":
                for arg in args:
                    _spoil(arg)
                return _SENTINEL
            self._calls.append((called, [_plain(arg) for arg in args]))
            if shape == "operations":
                return _operation(self, cases)
            if shape == "calls" and len(cases) == 1:
                return _deepcopy(cases[0][1][len(self._calls) - 1])
            return _answer(shape, _case(args, cases), args)

        return answer

    return type(name, (), {"__init__": construct, **{called: method(called) for called in methods}})


def _case(args, cases):
    """The expected output of the one case, or of the one with these arguments."""
    if len(cases) == 1:
        return _deepcopy(cases[0][1])
    given = [_plain(arg) for arg in args]
    for values, expected in cases:
        if [_trimmed(value) for value in values] == given:
            return _deepcopy(expected)
    raise LookupError("no case has these arguments")


def _operation(self, cases):
    """The output of the last call, of the first case that has made the same calls until now."""
    for (operations, inputs, *_), expected in cases:
        calls = [
            (operation.replace("_", "").lower(), [_trimmed(value) for value in given])
            for operation, given in zip(operations[1:], inputs[1:])
        ]
        made = [(called.replace("_", "").lower(), args) for called, args in self._calls]
        if len(cases) == 1 or calls[: len(made)] == made and [_trimmed(v) for v in inputs[0]] == self._given:
            return _deepcopy(expected[len(made)])
    raise LookupError("no case has made these calls")


def _answer(shape, expected, args):
    if shape == "value":
        return expected
    if shape == "first":
        return next(iter(expected))
    if shape == "tree":
        return TreeNode.from_list(expected)
    if shape == "trees":
        return [TreeNode.from_list(values) for values in expected]
    if shape == "list":
        return ListNode.from_list(expected)
    if shape == "lists":
        return [ListNode.from_list(values) for values in expected]
    if shape == "node":
        return next((node for node in _nodes(args) if node.val == expected), None)
    if shape == "argument":
        return args[0] if args else None
    if shape == "in place":
        return _overwrite(args[0], expected)
    if shape == "in place, length":
        _overwrite(args[0], expected[1] if isinstance(expected, tuple) else expected)
        return expected[0] if isinstance(expected, tuple) else len(expected)
    raise ValueError(shape)


def _overwrite(argument, expected):
    if isinstance(argument, list):
        argument[:] = expected
    elif isinstance(argument, (TreeNode, ListNode)):
        argument.__dict__.update(vars(type(argument).from_list(expected)))


def _nodes(args):
    """All nodes that can be reached from the arguments."""
    found, waiting = [], list(args)
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting.extend(value)
        elif hasattr(value, "__dict__") and not any(value is node for node in found):
            found.append(value)
            waiting.extend(vars(value).values())
    return [node for node in found if hasattr(node, "val")]


def _plain(value):
    """An argument as the tests write it: nodes as lists."""
    if isinstance(value, (TreeNode, ListNode)):
        return value.to_list()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _trimmed(value):
    value = _plain(value)
    while isinstance(value, list) and value and value[-1] is None:
        value.pop()
    return None if value == [] else value


def _spoil(value):
    """Makes an answer in place wrong."""
    if isinstance(value, list):
        value[:] = [_SENTINEL]
    for node in _nodes([value]):
        node.val = _SENTINEL
