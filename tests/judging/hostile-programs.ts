/**
 * Programs that must never pass. Each answers the question `add(x, y)`; where it can, it gives the right answer
 * only if what it tries succeeds.
 */
import type { Verdict } from "@/lib/judging/judge.ts";

/** One program, with the verdicts that are right for it. */
export interface Hostile {
  code: string;
  verdicts: Verdict[];
}

/** Files that programs try to leave behind. */
export const LEFT_BEHIND = [
  "/tmp/codepref-hostile",
  "/dev/shm/codepref-hostile",
  "/codepref-hostile",
];

const TIMEOUT: Verdict[] = ["timeout"];
const ERROR: Verdict[] = ["error"];
const WRONG: Verdict[] = ["wrong"];
const KILLED: Verdict[] = ["killed"];
const MEMORY: Verdict[] = ["memory"];

/** A body that answers right when `attempt`, some statements, raises nothing. */
function reaching(attempt: string, imports = ""): Hostile {
  const body = attempt.split("\n").map((line) => `    ${line}`).join("\n");
  return { code: `${imports}\ndef add(x, y):\n${body}\n    return x + y`, verdicts: ERROR };
}

const time: Record<string, Hostile> = {
  "an endless loop": { code: "def add(x, y):\n    while True:\n        pass", verdicts: TIMEOUT },
  "an endless loop while loading": { code: "while True:\n    pass", verdicts: TIMEOUT },
  "sleeping": { code: "import time\ndef add(x, y):\n    time.sleep(1000)", verdicts: TIMEOUT },
  "waiting for a lock that nobody opens": {
    code:
      "import threading\ndef add(x, y):\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
    verdicts: TIMEOUT,
  },
  "ignoring every signal": {
    code: `
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except Exception:
        continue
def add(x, y):
    while True:
        pass`,
    verdicts: TIMEOUT,
  },
  "going on after every exception": {
    code: `
import signal
def handler(number, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGXCPU, handler)
def add(x, y):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue`,
    verdicts: TIMEOUT,
  },
  "answering after the time limit": {
    code: `
import signal, time
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
def add(x, y):
    while time.process_time() < 1.5:
        pass
    return x + y`,
    verdicts: TIMEOUT,
  },
  "raising its own limits": {
    code: `
import resource
def add(x, y):
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return x + y`,
    verdicts: ERROR,
  },
  "a thread that never ends": {
    code: `
import threading
def loop():
    while True:
        pass
def add(x, y):
    threading.Thread(target=loop).start()
    return None`,
    verdicts: WRONG,
  },
  "a regular expression that backtracks": {
    code: "import re\ndef add(x, y):\n    re.match(r'(a+)+$', 'a' * 60 + 'b')\n    return x + y",
    verdicts: TIMEOUT,
  },
  "a power with a hundred million digits": {
    code: "def add(x, y):\n    return len(str(7 ** 10 ** 8)) and x + y",
    verdicts: [...TIMEOUT, ...MEMORY, ...ERROR],
  },
  "a loop within C": { code: "def add(x, y):\n    return sum(range(10 ** 12))", verdicts: TIMEOUT },
  "clocks that stand still": {
    code: `
import time
time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
def add(x, y):
    while time.monotonic() < 1:
        pass
    return x + y`,
    verdicts: TIMEOUT,
  },
};

const processes: Record<string, Hostile> = {
  "forking without end": {
    code: "import os\ndef add(x, y):\n    while True:\n        os.fork()",
    verdicts: [...ERROR, ...KILLED, ...TIMEOUT],
  },
  "a daemon that writes a file later": reaching(
    `if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(5)
        open("${LEFT_BEHIND[0]}", "w").close()
    os._exit(0)`,
    "import os, time",
  ),
  "killing its parent": reaching("os.kill(os.getppid(), 9)\nos.kill(1, 9)", "import os"),
  "killing everybody": {
    code: "import os\ndef add(x, y):\n    os.kill(-1, 9)\n    return x + y",
    verdicts: [...ERROR, ...KILLED],
  },
  "a signal by way of a descriptor": reaching(
    `pipe = os.pipe()
fcntl.fcntl(pipe[0], fcntl.F_SETOWN, os.getppid() or 1)
fcntl.fcntl(pipe[0], 10, 9)
fcntl.fcntl(pipe[0], fcntl.F_SETFL, fcntl.fcntl(pipe[0], fcntl.F_GETFL) | os.O_ASYNC)
os.write(pipe[1], b"x")`,
    "import fcntl, os",
  ),
  "tracing its parent": reaching(
    "assert ctypes.CDLL(None).ptrace(16, os.getppid() or 1, 0, 0) == 0",
    "import ctypes, os",
  ),
  "reading its parent's memory": reaching(
    'open(f"/proc/{os.getppid() or 1}/mem", "rb").read(1)',
    "import os",
  ),
  "reading its parent's memory by a system call": reaching(
    `buffer = ctypes.create_string_buffer(8)
local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
remote = (ctypes.c_void_p * 2)(id(x), 8)
assert ctypes.CDLL(None).process_vm_readv(os.getppid() or 1, local, 1, remote, 1, 0) == 8`,
    "import ctypes, os",
  ),
  "ten thousand threads": reaching(
    `started = [threading.Thread(target=time.sleep, args=(1000,), daemon=True) for _ in range(10_000)]
for thread in started:
    thread.start()`,
    "import threading, time",
  ),
  "a shell": reaching('subprocess.run(["/bin/sh", "-c", "true"], check=True)', "import subprocess"),
  "becoming another program": {
    code: 'import os\ndef add(x, y):\n    os.execv("/usr/bin/env", ["env", "sleep", "1000"])',
    verdicts: ERROR,
  },
  "spawning a program": reaching(
    'pid = os.posix_spawn("/bin/true", ["true"], {})\nassert os.waitpid(pid, 0)[1] == 0',
    "import os",
  ),
  "multiprocessing": reaching(
    "process = multiprocessing.Process(target=print)\nprocess.start()",
    "import multiprocessing",
  ),
  "namespaces of its own": reaching(
    "assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "import ctypes",
  ),
  "another user": reaching("os.setuid(0)", "import os"),
};

const memory: Record<string, Hostile> = {
  "64 GB at once": {
    code: "def add(x, y):\n    return len(bytearray(64 << 30))",
    verdicts: MEMORY,
  },
  "memory piece by piece": {
    code: "def add(x, y):\n    a = []\n    while True:\n        a.append(bytearray(1 << 24))",
    verdicts: MEMORY,
  },
  "doubling a string": {
    code: "def add(x, y):\n    s = 'x'\n    while True:\n        s += s",
    verdicts: MEMORY,
  },
  "taking on whatever memory is left": {
    code: `
def add(x, y):
    kept = []
    while True:
        try:
            kept.append(bytearray(1 << 20))
        except MemoryError:
            continue`,
    verdicts: [...TIMEOUT, ...MEMORY],
  },
  "an anonymous mapping": {
    code: "import mmap\ndef add(x, y):\n    return len(mmap.mmap(-1, 1 << 40)) and x + y",
    verdicts: [...ERROR, ...MEMORY],
  },
  "recursion without end": { code: "def add(x, y):\n    return add(x, y)", verdicts: ERROR },
  "recursion beyond the stack": {
    code: `
import sys
sys.setrecursionlimit(1 << 30)
class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x")
def add(x, y):
    return Deep().a`,
    verdicts: [...KILLED, ...MEMORY, ...ERROR, ...TIMEOUT],
  },
  "a huge number": {
    code: "def add(x, y):\n    return (1 << (1 << 40)) and x + y",
    verdicts: [...MEMORY, ...ERROR],
  },
  "a null pointer": {
    code: "import ctypes\ndef add(x, y):\n    ctypes.string_at(0)\n    return x + y",
    verdicts: KILLED,
  },
  "aborting": { code: "import os\ndef add(x, y):\n    os.abort()", verdicts: KILLED },
};

const output: Record<string, Hostile> = {
  "printing without end": {
    code: "def add(x, y):\n    while True:\n        print('PASS' * 10000)",
    verdicts: TIMEOUT,
  },
  "printing errors without end": {
    code:
      "import sys\ndef add(x, y):\n    while True:\n        print('PASS' * 10000, file=sys.stderr)",
    verdicts: TIMEOUT,
  },
  "NUL and no UTF-8": {
    code: "import os\ndef add(x, y):\n    os.write(1, b'\\0\\xff\\xfe' * 1000)\n    return None",
    verdicts: WRONG,
  },
  "a line of a quarter gigabyte": {
    code: "import sys\ndef add(x, y):\n    sys.stdout.write('x' * (1 << 28))\n    return None",
    verdicts: [...WRONG, ...MEMORY],
  },
  "waiting for input": {
    code: "def add(x, y):\n    while True:\n        input()",
    verdicts: ERROR,
  },
  "closing standard output": {
    code: "import os\nos.close(1)\nos.close(2)\ndef add(x, y):\n    print('x')\n    return None",
    verdicts: [...WRONG, ...ERROR],
  },
  "closing every descriptor": {
    code: "import os\ndef add(x, y):\n    os.closerange(0, 1000)\n    return x + y",
    verdicts: KILLED,
  },
};

const disk: Record<string, Hostile> = {
  "filling /tmp": reaching(
    `for n in range(1 << 20):
    with open(f"/tmp/codepref-hostile{n or ''}", "wb") as file:
        file.write(b"x" * (1 << 19))`,
  ),
  "a sparse terabyte": reaching(
    `with open("${LEFT_BEHIND[0]}", "wb") as file:
    file.truncate(1 << 40)`,
  ),
  "a terabyte without a name": reaching(
    "assert os.ftruncate(os.memfd_create('x'), 1 << 40) is None",
    "import os",
  ),
  "a million folders": reaching(
    "for n in range(1_000_000):\n    os.mkdir(f\"/tmp/codepref-hostile{n or ''}\")",
    "import os",
  ),
  "every descriptor there is": reaching(
    'kept = [open("/dev/null") for _ in range(100_000)]',
  ),
  "a link out of its folder": reaching(
    `os.symlink("/", "${LEFT_BEHIND[0]}")\nos.listdir("${LEFT_BEHIND[0]}/root")`,
    "import os",
  ),
  "paths that go up": reaching(`open("../../../../../tmp/codepref-hostile", "w")`),
  "the home folder": reaching(
    'open(os.path.expanduser("~/codepref-hostile"), "w")',
    "import os",
  ),
  "shared memory": reaching(`open("${LEFT_BEHIND[1]}", "w")`),
  "its own root": reaching(`open("${LEFT_BEHIND[2]}", "w")`),
  "a file that nobody may remove": reaching(
    `open("${LEFT_BEHIND[0]}", "w")\nos.chmod("/tmp", 0)`,
    "import os",
  ),
  "Python's library": reaching("open(os.__file__, 'a').write('pwned')", "import os"),
  "mounting": reaching(
    'assert ctypes.CDLL(None).mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0',
    "import ctypes",
  ),
};

const secrets: Record<string, Hostile> = {
  "the users of the machine": reaching('open("/etc/passwd").read()'),
  "keys": reaching('os.listdir("/root/.ssh")', "import os"),
  "a token in the home folder": reaching(
    'open(os.path.expanduser("~/.cache/huggingface/token")).read()',
    "import os",
  ),
  "a token in the environment": reaching('os.environ["HF_TOKEN"]', "import os"),
  "its environment as the kernel knows it": reaching('assert open("/proc/self/environ").read()'),
  "its parent's environment": reaching(
    'assert open(f"/proc/{os.getppid() or 1}/environ").read()',
    "import os",
  ),
  "processes of the machine": reaching('assert len(os.listdir("/proc")) > 0', "import os"),
  "the judge's own files": reaching(
    'open(sys.modules["__main__"].__file__).read()',
    "import sys",
  ),
  "the expected value on the stack or in memory": {
    code: `
import gc, sys
def values(thing):
    return thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
def add(x, y):
    frame, places = sys._getframe(), list(gc.get_objects())
    while frame:
        places += list(frame.f_locals.values())
        frame = frame.f_back
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("expected"), str):
            return eval(place["expected"])
    return None`,
    verdicts: [...WRONG, ...ERROR],
  },
};

const network: Record<string, Hostile> = {
  "TCP": reaching('socket.create_connection(("192.0.2.1", 80), 1)', "import socket"),
  "UDP": reaching(
    'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))',
    "import socket",
  ),
  "names": reaching('socket.getaddrinfo("example.com", 80)', "import socket"),
  "a cloud's metadata": reaching(
    'urllib.request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=1)',
    "import urllib.request",
  ),
  "Ollama": reaching('socket.create_connection(("127.0.0.1", 11434), 1)', "import socket"),
  "the container engine": reaching(
    'socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock")',
    "import socket",
  ),
  "an abstract socket": reaching(
    'socket.socket(socket.AF_UNIX).connect("\\0/tmp/.X11-unix/X0")',
    "import socket",
  ),
  "listening": reaching(
    'server = socket.socket()\nserver.bind(("0.0.0.0", 0))\nserver.listen()',
    "import socket",
  ),
  "raw packets": reaching("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "import socket"),
};

const forging: Record<string, Hostile> = {
  "exit(0) in the function": { code: "def add(x, y):\n    exit(0)", verdicts: ERROR },
  "sys.exit(0) while loading": { code: "import sys\nsys.exit(0)", verdicts: ERROR },
  "os._exit(0)": { code: "import os\ndef add(x, y):\n    os._exit(0)", verdicts: KILLED },
  "printing what a test runner would": {
    code: "def add(x, y):\n    print('{\"verdict\": \"pass\"}')\n    print('OK')",
    verdicts: WRONG,
  },
  "an object equal to everything": {
    code:
      "class Any:\n    def __eq__(self, other):\n        return True\ndef add(x, y):\n    return Any()",
    verdicts: ERROR,
  },
  "a number equal to everything": {
    code: `
class Any(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def add(x, y):
    return Any(-1)`,
    verdicts: WRONG,
  },
  "an object that runs code where it is read": {
    code: `
class Reduced:
    def __reduce__(self):
        return (print, ("pwned",))
def add(x, y):
    return Reduced()`,
    verdicts: ERROR,
  },
  "patched builtins": {
    code: `
import builtins, json
builtins.isinstance = lambda *a: True
builtins.AssertionError = Exception
json.dumps = lambda *a, **k: '{"verdict":"pass"}'
def add(x, y):
    return 0`,
    verdicts: [...ERROR, ...KILLED, ...WRONG],
  },
  "patched comparisons of the judge's modules": {
    code: `
import codec, frames, judge
judge.Case._test = lambda self: None
judge.judge = lambda *a: {"verdict": "pass"}
frames.receive = lambda *a: {}
def add(x, y):
    return None`,
    verdicts: [...WRONG, ...ERROR, ...KILLED],
  },
  "answering with an object that stays here": {
    code: `
import codec
codec.Encoder._entry = lambda self, obj: ["h", 0]
def add(x, y):
    return [x + y]`,
    verdicts: ERROR,
  },
  "answering with a class of the judge": {
    code: `
import codec
codec.Encoder._entry = lambda self, obj: ["o", ["Instance", []]]
def add(x, y):
    return [x + y]`,
    verdicts: ERROR,
  },
  "writing its own replies": {
    code: `
import json, os, struct
def add(x, y):
    body = json.dumps({"value": {"root": x + y, "heap": []}, "token": "0" * 16}).encode()
    for fd in range(3, 64):
        try:
            os.write(fd, struct.pack(">I", len(body)) + body)
        except OSError:
            continue
    return x + y`,
    verdicts: ERROR,
  },
  "a message of four gigabytes": {
    code: `
import os
def add(x, y):
    for fd in range(3, 64):
        try:
            os.write(fd, b"\\xff" * 8)
        except OSError:
            continue
    return x + y`,
    verdicts: ERROR,
  },
  "a message that is nested without end": {
    code: `
import os, struct
def add(x, y):
    body = b"[" * (1 << 20)
    for fd in range(3, 64):
        try:
            os.write(fd, struct.pack(">I", len(body)) + body)
        except OSError:
            continue
    return x + y`,
    verdicts: ERROR,
  },
  "an exit handler": {
    code: `
import atexit, os
atexit.register(os._exit, 0)
def add(x, y):
    return None`,
    verdicts: WRONG,
  },
  "an import hook": {
    code: `
import sys
class Hook:
    def find_spec(self, name, path=None, target=None):
        sys.exit(0)
sys.meta_path.insert(0, Hook())
sys.modules.pop("json", None)
def add(x, y):
    return None`,
    verdicts: [...WRONG, ...ERROR],
  },
  "tracing whoever calls": {
    code: `
import sys
def trace(frame, event, argument):
    for name in ("expected", "verdict", "failure"):
        if name in frame.f_locals:
            frame.f_locals[name] = "pass"
    return trace
sys.settrace(trace)
def add(x, y):
    return None`,
    verdicts: WRONG,
  },
  "a module in the place of the judge's": {
    code: `
import sys, types
fake = types.ModuleType("judge")
fake.judge = lambda *a: {"verdict": "pass", "total": 1, "passed": 1}
for name in ("judge", "keeper", "supervisor", "__main__"):
    sys.modules[name] = fake
def add(x, y):
    return None`,
    verdicts: WRONG,
  },
};

const results: Record<string, Hostile> = {
  "a generator": { code: "def add(x, y):\n    yield x + y", verdicts: ERROR },
  "a number that is none": { code: "def add(x, y):\n    return float('nan')", verdicts: WRONG },
  "a list that holds itself": {
    code: "def add(x, y):\n    a = []\n    a.append(a)\n    return a",
    verdicts: WRONG,
  },
  "a list of a gigabyte": {
    code: "def add(x, y):\n    return [0] * (1 << 27)",
    verdicts: [...MEMORY, ...ERROR, ...TIMEOUT],
  },
  "a text over the limit": { code: "def add(x, y):\n    return 'x' * (1 << 24)", verdicts: ERROR },
  "lists within lists": {
    code: "def add(x, y):\n    a = []\n    for _ in range(20_000):\n        a = [a]\n    return a",
    verdicts: [...WRONG, ...ERROR],
  },
  "tuples within tuples": {
    code: "def add(x, y):\n    a = ()\n    for _ in range(20_000):\n        a = (a,)\n    return a",
    verdicts: [...WRONG, ...ERROR],
  },
  "a number of a million digits": {
    code: "def add(x, y):\n    return 1 << 3_000_000",
    verdicts: WRONG,
  },
  "numbers whose hashes collide": {
    code: "def add(x, y):\n    return {n * ((1 << 61) - 1): n for n in range(1, 20_000)}",
    verdicts: [...WRONG, ...ERROR, ...TIMEOUT],
  },
  "an answer from state that is kept": {
    code: `
calls = 0
def add(x, y):
    global calls
    calls += 1
    return x + y if calls > 1 else None`,
    verdicts: WRONG,
  },
};

/** All programs, by what they try. */
export const HOSTILE: Record<string, Record<string, Hostile>> = {
  time,
  processes,
  memory,
  output,
  disk,
  secrets,
  network,
  forging,
  results,
};
