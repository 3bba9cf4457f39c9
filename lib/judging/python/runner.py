"""The candidate's side: runs the code of one answer and serves the calls of one test case.

Everything in this process may be in the hands of the candidate once its code has run. It holds no expected
value, and what it sends is read as plain data only.
"""

import builtins
import os
import random
import sys
import traceback
import types

import frames
import structures
from codec import CodecError, Decoder, Encoder

_FILE = "<candidate>"


def serve(fd, limit):
    """Answers requests on `fd` until it is closed."""
    candidate = Candidate()
    while True:
        request = frames.receive(fd, limit)
        try:
            reply = candidate.answer(request)
        except MemoryError:
            reply = {"error": {"type": "MemoryError", "message": "", "line": None}}
        except CodecError as error:
            reply = {"error": {"type": "TypeError", "message": f"returned something else: {error}", "line": None}}
        except BaseException as error:  # SystemExit and KeyboardInterrupt included: the candidate raised it
            reply = {"error": _describe(error)}
        reply["token"] = request["token"]
        frames.send(fd, reply)


def _describe(error):
    line = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == _FILE:
            line = frame.lineno
    if isinstance(error, SyntaxError) and error.filename == _FILE:
        line = error.lineno
    try:
        message = str(error)
    except BaseException:
        message = ""
    return {"type": type(error).__name__, "message": message[:500], "line": line}


def plain_name(name):
    """`twoSum`, `two_sum` and `TwoSum` are one name."""
    return name.replace("_", "").lower()


class Candidate:
    """The namespace of the candidate's code and the instances made of its classes."""

    def __init__(self):
        self.namespace = {}
        self.own = {}  # what the candidate's code itself defined
        self.instances = []

    def answer(self, request):
        op = request["op"]
        if op == "prepare":
            self.prepare(request["prelude"])
            return {}
        if op == "load":
            self.load(request["code"])
            return {}
        decoder = Decoder(classes=self.shipped_class, handle=lambda number: self.instances[number])
        args, kwargs = decoder.decode(request["value"])
        if op == "new":
            self.instances.append(self.find_class(request["name"])(*args, **kwargs))
            result = len(self.instances) - 1
        elif op == "set":
            setattr(self.instances[request["instance"]], request["name"], args[0])
            result = None
        else:
            result = self.find_callable(request["instance"], request["name"])(*args, **kwargs)
        encoder = Encoder(known=decoder.objects, shipped=self.shipped_name, handle=self.handle_of)
        return {"value": encoder.encode(result)}

    def prepare(self, prelude):
        module = types.ModuleType("candidate")
        self.namespace = module.__dict__
        self.namespace["__builtins__"] = builtins
        sys.modules["candidate"] = module
        random.seed(0)  # so that one program gets one verdict
        exec(compile(prelude, "<prelude>", "exec"), self.namespace)

    def load(self, code):
        promised = dict(self.namespace)
        exec(compile(code, _FILE, "exec"), self.namespace)
        self.own = {n: v for n, v in self.namespace.items() if promised.get(n) is not v}

    def find_class(self, name):
        found = self.own.get(name)
        if isinstance(found, type):
            return found
        if name == "Solution":
            return lambda *args: None  # plain functions at the top level: see find_callable
        raise NameError(f"class {name} is not defined")

    def find_callable(self, instance, name):
        holder = self.instances[instance] if instance is not None else None
        if holder is not None:
            return self._named(name, dir(holder), lambda n: getattr(holder, n), f"method {name}")
        try:
            return self._named(name, self.own, self.own.__getitem__, f"function {name}")
        except NameError:
            solution = self.own.get("Solution")
            if not isinstance(solution, type):
                raise
            made = solution()
            return self._named(name, dir(made), lambda n: getattr(made, n), f"function or method {name}")

    def _named(self, name, names, get, what):
        if name in names:
            return get(name)
        close = [n for n in names if plain_name(n) == plain_name(name) and callable(get(n))]
        if len(close) == 1:
            return get(close[0])
        raise NameError(f"{what} is not defined")

    def shipped_class(self, name):
        found = self.namespace.get(name)
        if isinstance(found, type):
            return found
        return structures.CLASSES.get(name) or type(name, (object,), {})

    def shipped_name(self, obj):
        name = type(obj).__name__
        is_value = hasattr(obj, "__dict__") and not isinstance(obj, (type, types.ModuleType, types.FunctionType))
        return name if is_value else None

    def handle_of(self, obj):
        return next((i for i, instance in enumerate(self.instances) if instance is obj and obj is not None), None)


def start(fd, limit):
    """Closes everything but `fd`, forgets the environment and serves."""
    os.environ.clear()
    builtins.exit = builtins.quit = sys.exit  # as in an interpreter started without -S
    sys.argv[:] = ["candidate"]
    sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))]
    sys.setrecursionlimit(10_000)
    try:
        serve(fd, limit)
    except (EOFError, OSError, frames.FrameError):
        pass
