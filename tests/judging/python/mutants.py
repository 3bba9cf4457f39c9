"""Makes mutants of HumanEval's reference solutions and runs each against the problem's own check function, as
anybody would: the oracle for what the judge says of them.

Input: {"count", "problems": lines of HumanEval.jsonl}. Output: [{"task_id", "code", "change", "passes"}, ...], where
`change` tells what was changed in which line. Each mutant runs in a child that is killed after SECONDS of CPU time.
"""

import ast
import copy
import json
import os
import resource
import sys

SECONDS = 4

_OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def mutants(code, entry_point):
    """(change, code) for each place of the solution where one operator or one number can be changed.

    Helpers that the prompt brings are the question's own: its tests use them as they were given, whatever a solution
    makes of them.
    """
    tree = ast.parse(code)
    solution = next(n for n in tree.body if getattr(n, "name", None) == entry_point)
    own = {id(n) for n in ast.walk(solution)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) not in own:
            continue
        for change, mutate in changes(node):
            mutated = copy.deepcopy(tree)
            mutate(next(n for i, n in enumerate(ast.walk(mutated)) if i == index))
            yield f"line {getattr(node, 'lineno', 0)}: {change}", ast.unparse(mutated)


def changes(node):
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _OPERATORS:
        other = _OPERATORS[type(node.op)]
        yield f"{type(node.op).__name__} to {other.__name__}", lambda n: setattr(n, "op", other())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
        other = _OPERATORS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} to {other.__name__}", lambda n: n.ops.__setitem__(0, other())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} to {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)


def passes(problem, code):
    """Whether the problem's check function accepts the code, in this very process's child."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            namespace = {}
            exec(code, namespace)
            exec(problem["test"], namespace)
            namespace["check"](namespace[problem["entry_point"]])
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def main():
    job = json.load(sys.stdin)
    made = []
    for problem in job["problems"]:
        code = problem["prompt"] + problem["canonical_solution"]
        made += [(problem, change, mutant) for change, mutant in mutants(code, problem["entry_point"])]
    step = max(1, len(made) // job["count"])
    chosen = made[:: step][: job["count"]]
    json.dump(
        [
            {"task_id": p["task_id"], "change": change, "code": code, "passes": passes(p, code)}
            for p, change, code in chosen
        ],
        sys.stdout,
    )


main()
