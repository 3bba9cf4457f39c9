"""Splits HumanEval's check functions into cases, on standard input and output as JSON.

Input: [{"prompt", "entry_point", "test"}, ...]. Output, in the same order: {"prelude", "cases"}, where a case is
{"input", "expected", "statement"}. `assert candidate(<arguments>) == <value>` becomes input and expected value;
every other statement with an assertion becomes a case of its own, with the statements before it that set things
up, in `statement`.
"""

import ast
import json
import sys


def split(problem):
    return {"prelude": prelude(problem), "cases": cases(problem["test"])}


def prelude(problem):
    """What the prompt promises beside the function to be written: imports and helper functions."""
    tree = ast.parse(problem["prompt"])
    kept = [n for n in tree.body if getattr(n, "name", None) != problem["entry_point"]]
    return "\n\n".join(ast.unparse(n) for n in kept)


def cases(test):
    checks = [n for n in ast.parse(test).body if isinstance(n, ast.FunctionDef) and n.name == "check"]
    setup, found = [], []
    for statement in checks[0].body:
        if not any(isinstance(n, ast.Assert) for n in ast.walk(statement)):
            setup.append(ast.unparse(statement))
            continue
        if isinstance(statement, ast.Assert) and not _names(statement):
            continue  # assert True
        found.append(_case(statement, setup))
    return found


def _names(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _case(statement, setup):
    simple = _call_and_value(statement)
    if simple:
        call, value = simple
        return {"input": _arguments(call), "expected": ast.unparse(value), "statement": None}
    calls = [n for n in ast.walk(statement) if _is_call(n)]
    return {
        "input": _arguments(calls[0]) if calls else "()",
        "expected": ast.unparse(statement),
        "statement": "\n".join([*setup, ast.unparse(statement)]),
    }


def _call_and_value(statement):
    test = statement.test if isinstance(statement, ast.Assert) else None
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        call, value = test.left, test.comparators[0]
        if _is_call(call) and not call.keywords and not _names(value) and not _argument_names(call):
            return call, value
    return None


def _is_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate"


def _argument_names(call):
    return set().union(*(_names(a) for a in call.args)) if call.args else set()


def _arguments(call):
    return ast.unparse(ast.Tuple(elts=call.args, ctx=ast.Load()))


if __name__ == "__main__":
    json.dump([split(problem) for problem in json.load(sys.stdin)], sys.stdout)
