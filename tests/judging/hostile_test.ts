import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "@/lib/judging/slot.ts";
import { JudgePool, type Verdict } from "@/lib/judging/judge.ts";
import { judgeable, withQuestions } from "./questions.ts";

const LIMITS = { ...DEFAULT_LIMITS, cpu_seconds: 1, wall_seconds: 3, memory_bytes: 256 * 2 ** 20 };

/** Programs that must not pass, with the verdicts that are right for them. `add(x, y)` is the question. */
const PROGRAMS: Record<string, { code: string; verdicts: Verdict[] }> = {
  "an endless loop": {
    code: "def add(x, y):\n    while True:\n        pass",
    verdicts: ["timeout"],
  },
  "an endless loop that catches every signal": {
    code: `
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except Exception:
        continue
def add(x, y):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue`,
    verdicts: ["timeout"],
  },
  "sleeping": {
    code: "import time\ndef add(x, y):\n    time.sleep(1000)",
    verdicts: ["timeout"],
  },
  "exit(0) in the function": { code: "def add(x, y):\n    exit(0)", verdicts: ["error"] },
  "exit(0) while loading": { code: "import sys\nsys.exit(0)", verdicts: ["error"] },
  "os._exit(0)": { code: "import os\ndef add(x, y):\n    os._exit(0)", verdicts: ["killed"] },
  "a crash": {
    code: "import os, signal\ndef add(x, y):\n    os.kill(os.getpid(), signal.SIGSEGV)",
    verdicts: ["killed"],
  },
  "printing without end": {
    code: "def add(x, y):\n    while True:\n        print('PASS' * 10000)",
    verdicts: ["timeout"],
  },
  "printing what a test runner would": {
    code: "def add(x, y):\n    print('{\"verdict\": \"pass\"}')\n    print('OK')",
    verdicts: ["wrong"],
  },
  "taking all memory": {
    code: "def add(x, y):\n    a = []\n    while True:\n        a.append(bytearray(1 << 24))",
    verdicts: ["memory"],
  },
  "a huge answer": { code: "def add(x, y):\n    return 'x' * (1 << 24)", verdicts: ["error"] },
  "forking without end": {
    code: "import os\ndef add(x, y):\n    while True:\n        os.fork()",
    verdicts: ["error", "killed", "timeout"],
  },
  "children that outlive it": {
    code: `
import os, time
def add(x, y):
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
    return None`,
    verdicts: ["wrong", "error"],
  },
  "an object equal to everything": {
    code: `
class Any:
    def __eq__(self, other):
        return True
def add(x, y):
    return Any()`,
    verdicts: ["error", "wrong"],
  },
  "a number equal to everything": {
    code: `
class Any(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def add(x, y):
    return Any(-1)`,
    verdicts: ["wrong"],
  },
  "patched builtins": {
    code: `
import builtins, json
builtins.isinstance = lambda *a: True
builtins.AssertionError = Exception
json.dumps = lambda *a, **k: '{"verdict":"pass"}'
def add(x, y):
    return 0`,
    verdicts: ["error", "killed", "wrong"],
  },
  "looking for the expected value on the stack": {
    code: `
import gc, sys
def add(x, y):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, dict) and "expected" in value:
                return eval(value["expected"])
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "expected" in thing:
            return eval(thing["expected"])
    return None`,
    verdicts: ["wrong", "error"],
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
    verdicts: ["error"],
  },
  "filling the disk": {
    code: `
def add(x, y):
    n = 0
    while True:
        with open(f"/tmp/{n}", "wb") as file:
            file.write(b"x" * (1 << 19))
        n += 1`,
    verdicts: ["error", "killed", "timeout"],
  },
};

Deno.test("hostile programs never pass, and leave the slot free for the next one", async (t) => {
  await withQuestions(["humaneval"], async (dbPath) => {
    const add = await judgeable(dbPath, "humaneval-53");
    const pool = new JudgePool(1, LIMITS);
    try {
      for (const [name, { code, verdicts }] of Object.entries(PROGRAMS)) {
        await t.step(name, async () => {
          const started = performance.now();
          const judgement = await pool.judge(add, code);
          const seconds = (performance.now() - started) / 1000;
          assert.ok(
            verdicts.includes(judgement.verdict),
            `${judgement.verdict} ${JSON.stringify(judgement.first_failure)}`,
          );
          assert.ok(seconds < LIMITS.wall_seconds + 2, `the slot was free after ${seconds} s`);
        });
      }
      await t.step("afterwards a right answer still passes", async () => {
        const right = await pool.judge(add, "def add(x, y):\n    return x + y");
        assert.equal(right.verdict, "pass");
      });
    } finally {
      await pool.close();
    }
  });
});

Deno.test("a candidate has no environment, no network and no files of this machine", async () => {
  await withQuestions(["humaneval"], async (dbPath) => {
    const add = await judgeable(dbPath, "humaneval-53");
    const pool = new JudgePool(1, LIMITS);
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = server.addr as Deno.NetAddr;
    try {
      const environment = await pool.judge(
        add,
        "import os\ndef add(x, y):\n    return dict(os.environ)",
      );
      assert.equal(environment.first_failure!.got, "{}");
      const isolated = environment.isolation.includes("namespaces");
      const network = await pool.judge(
        add,
        `import socket\ndef add(x, y):\n    socket.create_connection(("127.0.0.1", ${port}), 1)\n    return "connected"`,
      );
      const secret = await Deno.makeTempFile();
      await Deno.writeTextFile(secret, "secret");
      const file = await pool.judge(
        add,
        `def add(x, y):\n    return open(${JSON.stringify(secret)}).read()`,
      );
      await Deno.remove(secret);
      if (isolated) {
        assert.equal(network.verdict, "error", JSON.stringify(network.first_failure));
        assert.equal(file.verdict, "error", JSON.stringify(file.first_failure));
      } else {
        console.log(
          `network and files are not checked: this system offers only ${environment.isolation}`,
        );
      }
    } finally {
      server.close();
      await pool.close();
    }
  });
});
