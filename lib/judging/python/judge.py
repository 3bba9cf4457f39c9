"""Decides: runs a question's own tests against proxies of the candidate, in a process that the candidate
cannot reach. Code of the candidate never runs here; what it returns arrives as plain values.
"""

import builtins
import hashlib
import math
import os
import random
import resource
import secrets
import signal
import socket
import struct
import sys
import time
import types

import frames
import structures
from codec import CodecError, Decoder, Encoder

_FILE = "<harness>"
_KEEPER_GONE = "the process that starts solutions has ended"

# CPU time that reading and comparing the answers of one case may take.
_COMPARE_SECONDS = 4


class Ended(BaseException):
    """The case is over: the candidate failed in a way that is no wrong answer."""

    def __init__(self, verdict, error):
        self.verdict = verdict
        self.error = error


class HarnessError(Exception):
    """The question's own code does not load."""


class Fault(Exception):
    """A process of the judge's own failed, which says nothing about the candidate."""


class Progress:
    """How far a judge has come, in memory that outlives it."""

    _NUMBERS = struct.Struct("<III")

    def __init__(self, shared):
        self.shared = shared

    def write(self, case, passed, started=False):
        self._NUMBERS.pack_into(self.shared, 0, case, passed, started)

    def read(self):
        """{case, passed, started}: the index of the case in hand, how many before it passed, and whether code of
        the candidate has run for it (1) or not (0)."""
        return dict(zip(("case", "passed", "started"), self._NUMBERS.unpack_from(self.shared, 0)))


def tell(control, message):
    """Sends the keeper a message. One that has ended says why when it is listened to."""
    try:
        frames.send(control.fileno(), message)
    except OSError:
        pass


def judge(job, control, progress):
    """Runs the cases of `job` in order.

    A case that ends with timeout, memory or killed, or code that does not load, ends the run: the cases left
    would only repeat it. Returns {verdict, total, passed, failure, cases, cpu, memory}. Raises HarnessError and
    Fault, neither of which is the candidate's.
    """
    cases, failure = [], None
    program = _compile(job)
    ends = time.monotonic() + job["limits"]["job_seconds"]
    for index, case in enumerate(job["cases"]):
        passed = sum(c["verdict"] == "pass" for c in cases)
        progress.write(index, passed)
        starting = lambda: progress.write(index, passed, True)
        outcome = Case(job, program, case, control, ends, starting).run()
        cases.append(outcome)
        if outcome["verdict"] != "pass" and failure is None:
            failure = outcome
        if outcome["verdict"] in ("timeout", "memory", "killed") or outcome["last"]:
            break
    if not cases:
        raise HarnessError("the question has no tests")
    return {
        "verdict": failure["verdict"] if failure else "pass",
        "total": len(job["cases"]),
        "passed": sum(c["verdict"] == "pass" for c in cases),
        "failure": failure,
        "cases": cases,
        "cpu": sum(c["cpu"] for c in cases),
        "memory": max(c["memory"] for c in cases),
    }


def _compile(job):
    try:
        return compile(job["module"], _FILE, "exec")
    except SyntaxError as error:
        raise HarnessError(f"the question's tests do not compile: {error}") from None


class Case:
    """One test case against one fresh process of the candidate."""

    def __init__(self, job, program, case, control, ends, starting):
        self.job = job
        self.ends = ends
        self.starting = starting
        self.program = program
        self.case = case
        self.control = control
        self.got = None
        self.called = 0.0
        self.answers = hashlib.sha256()

    def run(self):
        self.fd = self._start_runner()
        limits = self.job["limits"]
        self.deadline = min(time.monotonic() + limits["wall_seconds"], self.ends)
        self._prepare()
        _allow_more(_COMPARE_SECONDS)
        verdict, error, loaded = "pass", None, False
        self.starting()
        try:
            self._request({"op": "load", "code": self.job["code"]})
            loaded = True
            self._test()
        except Ended as end:
            verdict, error = end.verdict, end.error
        if verdict not in ("pass", "wrong"):
            self.got = None
        os.close(self.fd)
        end = self._end_runner(gone=verdict == "killed")
        if verdict == "killed":
            verdict, error = self._cause_of_death(end)
        elif end["cpu"] > limits["cpu_seconds"]:
            verdict, error = "timeout", f"used more than {limits['cpu_seconds']} s of CPU time"
        timed = {"called": self.called, "answers": self.answers.hexdigest()} if self.job.get("timed") else {}
        return {
            **timed,
            "position": self.case["position"],
            "verdict": verdict,
            "input": shorten(self.case["input"]),
            "expected": shorten(self.case["expected"]),
            "got": self.got,
            "error": error,
            "cpu": end["cpu"],
            "memory": end["memory"],
            "last": not loaded,
        }

    def _start_runner(self):
        """The socket of a fresh process for the candidate."""
        tell(self.control, {"op": "start"})
        try:
            kind, descriptors, _, _ = socket.recv_fds(self.control, 1, 1)
            if kind == b"f":
                raise Fault(frames.receive(self.control.fileno(), 1 << 16)["fault"])
            return descriptors[0]
        except (EOFError, OSError, IndexError):
            raise Fault(_KEEPER_GONE) from None

    def _end_runner(self, gone):
        tell(self.control, {"op": "end", "gone": gone})
        try:
            return frames.receive(self.control.fileno(), 1 << 16)
        except (EOFError, OSError):
            raise Fault(_KEEPER_GONE) from None

    def _prepare(self):
        """Runs the prelude. Nothing of the candidate has run yet, so nothing that fails is its fault."""
        try:
            self._request({"op": "prepare", "prelude": self.job["prelude"]})
        except Ended as end:
            if end.verdict == "error":
                raise HarnessError(f"the question's prelude does not load: {end.error}") from None
            raise Fault(f"the solution's process did not start: {end.error or end.verdict}") from None

    def _cause_of_death(self, end):
        limits = self.job["limits"]
        if end["signal"] == signal.SIGXCPU or end["cpu"] >= limits["cpu_seconds"]:
            return "timeout", f"used more than {limits['cpu_seconds']} s of CPU time"
        starved = end["signal"] in (signal.SIGSEGV, signal.SIGABRT) and end["memory"] > limits["memory_bytes"] / 2
        if starved or end["memory_kills"] > 0:
            return "memory", f"used more than {limits['memory_bytes']} bytes"
        if end["signal"] is not None:
            return "killed", f"ended by {signal.Signals(end['signal']).name}"
        if end["status"] is not None:
            return "killed", f"ended with exit code {end['status']} before it answered"
        return "killed", "closed its channel before it answered"

    def _test(self):
        namespace = self._namespace()
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, max(0, self.deadline - time.monotonic()) + _COMPARE_SECONDS)
        try:
            self._run(*self._parts(namespace), namespace)
        except AssertionError as error:
            raise Ended("wrong", shorten(str(error)) or None) from None
        except HarnessError:
            raise
        except Exception as error:
            # The tests hold for right answers, so an answer on which they break is a wrong one.
            raise Ended("wrong", f"could not be compared: {type(error).__name__}: {shorten(str(error))}") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _parts(self, namespace):
        """The compiled statement of the case, or its input and expected value."""
        try:
            if self.case["statement"] is not None:
                return compile(self.case["statement"], _FILE, "exec"), None, None
            return None, eval(self.case["input"], namespace), eval(self.case["expected"], namespace)
        except Exception as error:
            place = f"case {self.case['position']}"
            raise HarnessError(f"{place} cannot be read: {type(error).__name__}: {error}") from None

    def _run(self, statement, given, expected, namespace):
        if statement is not None:
            exec(statement, namespace)
        else:
            namespace["test"](given, expected)

    def _namespace(self):
        random.seed(0)  # tests that draw their inputs draw the same ones every time
        module = types.ModuleType("harness")
        namespace = module.__dict__
        namespace["__builtins__"] = builtins
        sys.modules["harness"] = module
        for name in self.job["classes"]:
            namespace[name] = _class_proxy(self, name)
        for name, target in self.job["functions"].items():
            namespace[name] = _function_proxy(self, None, target)
        kept = {name: namespace[name] for name in (*self.job["classes"], *self.job["functions"])}
        try:
            exec(self.program, namespace)
        except Exception as error:
            raise HarnessError(f"the question's tests do not load: {type(error).__name__}: {error}") from None
        namespace.update(kept)
        for name, value in list(namespace.items()):
            if name.startswith("assert_") and callable(value):
                namespace[name] = self._recording(value)
        self.classes = {n: v for n, v in namespace.items() if isinstance(v, type) and v.__module__ in ("harness", "structures")}
        return namespace

    def _recording(self, assertion):
        def recorded(result, *rest, **named):
            self.got = show(result)
            verdict = assertion(result, *rest, **named)
            # Some helpers say no by returning it.
            assert verdict is not False
            return verdict

        return recorded

    def call(self, request, args, kwargs):
        """Sends a call to the candidate and gives back its result."""
        encoder = Encoder(shipped=self._shipped, handle=_handle_of)
        try:
            request["value"] = encoder.encode([args, kwargs])
        except CodecError as error:
            raise HarnessError(f"the tests hand over something else: {error}") from None
        before = self._cpu()
        reply = self._request(request)
        self.called += self._cpu() - before
        decoder = Decoder(encoder.objects, classes=self.classes.get)
        try:
            result = decoder.decode(reply["value"])
        except CodecError as error:
            raise Ended("error", f"returned something else than plain values: {error}") from None
        if request["op"] == "call":
            self.got = show(result)
            if self.job.get("timed"):
                self.answers.update(_text(args if result is None else result).encode())
        return result

    def _cpu(self):
        """CPU seconds of the candidate's process until now, as the kernel counts them; 0 where nobody asks."""
        if not self.job.get("timed"):
            return 0.0
        tell(self.control, {"op": "cpu"})
        try:
            return frames.receive(self.control.fileno(), 1 << 16)["cpu"]
        except (EOFError, OSError):
            raise Fault(_KEEPER_GONE) from None

    def _shipped(self, obj):
        return type(obj).__name__ if type(obj).__name__ in self.classes else None

    def _request(self, request):
        token = secrets.token_hex(8)
        try:
            frames.send(self.fd, {**request, "token": token})
            reply = frames.receive(self.fd, self.job["limits"]["output_bytes"], self.deadline)
        except TimeoutError:
            if self.deadline == self.ends:
                reason = f"all cases together took more than {self.job['limits']['job_seconds']} s"
            else:
                reason = f"did not answer within {self.job['limits']['wall_seconds']} s"
            raise Ended("timeout", reason) from None
        except (EOFError, OSError):
            raise Ended("killed", None) from None
        except frames.FrameError as error:
            raise Ended("error", f"sent {error}") from None
        if not isinstance(reply, dict) or reply.get("token") != token:
            raise Ended("error", "answered out of turn")
        if "error" in reply:
            raise _failure(reply["error"])
        if request["op"] not in ("prepare", "load") and "value" not in reply:
            raise Ended("error", "answered without a value")
        return reply


def _failure(error):
    if not isinstance(error, dict):
        return Ended("error", "answered out of turn")
    kind, message, line = (shorten(str(error.get(k))) for k in ("type", "message", "line"))
    if kind == "MemoryError":
        return Ended("memory", "MemoryError")
    return Ended("error", f"{kind}: {message}" + (f" (line {line})" if line != "None" else ""))


def _allow_more(seconds):
    """Ends this process when it uses more than so many seconds of CPU time from now on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _too_long(signum, frame):
    raise Ended("timeout", "comparing the answer took too long")


class Instance:
    """Stands for an object of the candidate: its methods are calls."""

    def __init__(self, case, number):
        self.__dict__["_case"] = case
        self.__dict__["_number"] = number

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _function_proxy(self._case, self._number, name)

    def __setattr__(self, name, value):
        self._case.call({"op": "set", "instance": self._number, "name": name}, [value], {})


def _handle_of(obj):
    return obj._number if type(obj) is Instance else None


def _class_proxy(case, name):
    def construct(*args, **kwargs):
        number = case.call({"op": "new", "name": name}, list(args), kwargs)
        if type(number) is not int:
            raise Ended("error", "answered out of turn")
        return Instance(case, number)

    return construct


def _function_proxy(case, instance, name):
    def call(*args, **kwargs):
        return case.call({"op": "call", "instance": instance, "name": name}, list(args), kwargs)

    return call


def show(value):
    """The value's text for people, shortened."""
    try:
        return shorten(repr(value))
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _text(value):
    try:
        return repr(value)
    except Exception as error:
        return type(error).__name__


def shorten(text, limit=300):
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
