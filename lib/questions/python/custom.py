"""Reads the tests of questions that came by a column mapping or were typed, on standard input and output as JSON.

Input: [{"code", "starter", "entry_point", "prelude", "test", "tests", "checker"}, ...], each a text or null, but `tests`,
which is a list: assert statements, or {"input", "output"}. Output, in the same order: {"entry_point", "prelude", "cases",
"checker"} as checks.py has them, or {"error"}, why no verdict can rest on them.
"""

import ast
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checks


class Unreadable(Exception):
    pass


def read(question):
    try:
        entry_point = _entry_point(question)
        signature = _signature(question, entry_point)
        return {
            "entry_point": entry_point,
            "prelude": _prelude(question, entry_point),
            "cases": _cases(question, entry_point, signature),
            "checker": _checker(question["checker"]),
        }
    except Unreadable as problem:
        return {"error": str(problem)}


def _parse(text, what):
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"its {what} cannot be read as Python ({error})") from None


def _entry_point(question):
    if question["entry_point"]:
        # `Solution().twoSum` is the method twoSum.
        return re.sub(r".*\.", "", question["entry_point"].strip()).rstrip("()")
    for statement in question["tests"] or []:
        if isinstance(statement, str):
            for node in ast.walk(_parse(statement, "tests")):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                if called and node.func.id in _functions(question):
                    return node.func.id
    names = list(_functions(question))
    if len(names) == 1:
        return names[0]
    raise Unreadable("nothing says which function its tests call (entry_point)")


def _functions(question):
    """Functions and methods that the starter code or the solution defines, by name."""
    for kind in ("starter", "code"):
        tree = _tolerant(question[kind] or "")
        found = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and not n.name.startswith("__")}
        if found:
            return found
    return {}


def _tolerant(text):
    """The tree of starter code, whose bodies may be missing."""
    for attempt in (text, text.rstrip() + "\n        pass\n", text.rstrip() + " pass\n"):
        try:
            return ast.parse(attempt)
        except (SyntaxError, ValueError):
            continue
    return ast.parse("")


def _signature(question, entry_point):
    found = _functions(question).get(entry_point)
    if found is None or found.args.vararg or found.args.kwarg:
        return None
    names = [a.arg for a in [*found.args.posonlyargs, *found.args.args]]
    return [name for name in names if name != "self"]


def _prelude(question, entry_point):
    given = question["prelude"] or ""
    _parse(given, "prelude")
    # What the starter code promises beside the function to be written.
    kept = []
    for node in _tolerant(question["starter"] or "").body:
        defined = {n.name for n in ast.walk(node) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        if entry_point not in defined:
            kept.append(ast.unparse(node))
    return "\n\n".join([given, *kept]).strip()


def _cases(question, entry_point, signature):
    if question["test"]:
        tree = _parse(question["test"], "tests")
        if not any(isinstance(n, ast.FunctionDef) and n.name == "check" for n in tree.body):
            raise Unreadable("its test has no function check(candidate)")
        return checks.cases(ast.unparse(_positional(tree, "candidate", signature)))
    tests = question["tests"] or []
    if all(isinstance(test, str) for test in tests):
        body = [_positional(_parse(test, "tests"), entry_point, signature) for test in tests]
        text = "\n".join(f"    {line}" for tree in body for line in ast.unparse(tree).split("\n"))
        cases = checks.cases(f"def check(candidate):\n{text}" if text else "def check(candidate):\n    pass")
    else:
        cases = [_case(test, signature, number) for number, test in enumerate(tests, 1)]
    return cases


def _positional(tree, name, signature):
    """Calls of `name` become calls of `candidate`, with arguments by place: a solution may call its parameters as it likes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) and _is_solution(node.func.value) else getattr(node.func, "id", None)
        if called != name:
            continue
        node.func = ast.Name("candidate", ast.Load())
        named = {k.arg: k.value for k in node.keywords}
        rest = (signature or list(named))[len(node.args):]
        if None not in named and set(named) == set(rest):
            node.args += [named[key] for key in rest]
            node.keywords = []
    return tree


def _is_solution(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Solution"


def _case(test, signature, number):
    if not isinstance(test, dict) or "input" not in test or not ("output" in test or "expected" in test):
        raise Unreadable(f"its test {number} is neither an assert statement nor an object with input and output")
    return {
        "input": _input(test["input"], signature, number),
        "expected": _value(test["output"] if "output" in test else test["expected"], number),
        "statement": None,
    }


def _input(given, signature, number):
    """The argument tuple: from a list, an object by names, or Python such as `nums = [3, 3], target = 6` or `[3, 3], 6`."""
    if isinstance(given, str):
        try:
            call = ast.parse(f"f({given})", mode="eval").body
        except SyntaxError as error:
            raise Unreadable(f"the input of test {number} cannot be read as Python ({error.msg})") from None
        args, named = list(call.args), {k.arg: k.value for k in call.keywords}
        # `([3, 3], 6)` is the tuple itself, unless the function takes one argument.
        if len(args) == 1 and isinstance(args[0], ast.Tuple) and given.lstrip().startswith("(") and signature and len(signature) == len(args[0].elts) != 1:
            args = args[0].elts
    elif isinstance(given, dict):
        args, named = [], {key: _literal(value) for key, value in given.items()}
    else:
        args, named = [_literal(value) for value in (given if isinstance(given, list) else [given])], {}
    rest = (signature or [*map(str, range(len(args))), *named])[len(args):]
    if set(named) != set(rest) or (signature and len(args) + len(named) != len(signature)):
        wanted = ", ".join(signature or [])
        raise Unreadable(f"the input of test {number} does not fit the arguments ({wanted})")
    values = [*args, *(named[name] for name in rest)]
    for value in values:
        _plain(value, f"the input of test {number}")
    return ast.unparse(ast.Tuple(values, ast.Load()))


def _value(given, number):
    if not isinstance(given, str):
        return repr(given)
    try:
        tree = ast.parse(given.strip(), mode="eval").body
    except SyntaxError:
        raise Unreadable(f"the output of test {number} cannot be read as Python; texts need quotes") from None
    _plain(tree, f"the output of test {number}")
    return ast.unparse(tree)


def _literal(value):
    return ast.parse(repr(value), mode="eval").body


def _plain(tree, what):
    try:
        ast.literal_eval(_known(tree))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise Unreadable(f"{what} is no plain value") from None


def _known(tree):
    """`float('inf')` and JSON's null, true and false are plain, too."""

    class Names(ast.NodeTransformer):
        def visit_Name(self, node):
            known = {"null": None, "true": True, "false": False}
            return ast.Constant(known[node.id]) if node.id in known else node

        def visit_Call(self, node):
            is_float = getattr(node.func, "id", None) == "float" and len(node.args) == 1
            return ast.Constant(0.0) if is_float else node

    return Names().visit(tree)


def _checker(text):
    """`{kind: function}` with a definition of check, or `{kind: expression}`."""
    if not text or not text.strip():
        return None
    try:
        ast.parse(text.strip(), mode="eval")
        return "expression"
    except SyntaxError:
        tree = _parse(text, "checker")
    if any(isinstance(n, ast.FunctionDef) and n.name == "check" for n in tree.body):
        return "function"
    raise Unreadable("its checker is neither an expression nor a function check(result, expected, *input)")


if __name__ == "__main__":
    json.dump([read(question) for question in json.load(sys.stdin)], sys.stdout)
