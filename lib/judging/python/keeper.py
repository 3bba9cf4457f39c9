"""Starts one fresh process per test case and reports how it ended. Process 1 of the candidate's namespace,
where there is one. Never runs code of the candidate itself.
"""

import os
import signal
import socket
import sys
import time

import frames
import isolation
import runner


def keep(control, isolated, limits):
    """Serves `start`, `cpu` and `end` on the control socket until it is closed.

    `start` sends the byte r and the socket of a new runner; `cpu` answers its CPU seconds until now; `end` kills
    whatever is left of it and answers {cpu, memory, signal, status, memory_kills}: CPU seconds, peak bytes, how the
    runner ended by itself, if it did, and how often the kernel killed for want of memory. Raises OSError when no
    process can be started.
    """
    isolation.hide_memory()
    keeper = os.getpid()
    while True:
        try:
            frames.receive(control.fileno(), 1 << 16)
        except (EOFError, OSError):
            return
        memory_kills = isolated.memory_kills()
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                ours.close()
                control.close()
                _run(theirs.detach(), isolated, limits, keeper)
            finally:
                os._exit(0)
        theirs.close()
        socket.send_fds(control, [b"r"], [ours.fileno()])
        ours.close()
        try:
            request = frames.receive(control.fileno(), 1 << 16)
            while request["op"] == "cpu":
                frames.send(control.fileno(), {"cpu": _cpu_seconds(child)})
                request = frames.receive(control.fileno(), 1 << 16)
        except (EOFError, OSError):
            _end(child, isolated.alone, patience=0)
            return
        # A runner that closed its channel is about to end: how it does tells why.
        end = _end(child, isolated.alone, patience=0.5 if request["gone"] else 0)
        end["memory_kills"] = isolated.memory_kills() - memory_kills
        frames.send(control.fileno(), end)


def report(control, error):
    """Tells the judge, in the place of a runner, why there will be none."""
    try:
        control.send(b"f")
        frames.send(control.fileno(), {"fault": f"no process for the solution: {type(error).__name__}: {error}"})
    except OSError:
        pass  # the judge has gone, too


def _run(fd, isolated, limits, keeper):
    os.setsid()
    isolation.die_with_parent(keeper)
    for kept in isolated.descriptors():
        os.close(kept)
    isolated.limit_candidate(limits)
    isolated.confine()
    runner.start(fd, limits["output_bytes"])


def _end(child, alone, patience):
    deadline = time.monotonic() + patience
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        by_itself = ended == child
        if by_itself or time.monotonic() >= deadline:
            break
        time.sleep(0.002)
    if alone:
        _signal(os.kill, -1)
    else:
        _signal(os.kill, child)  # it may not lead its group yet
        _signal(os.killpg, child)
    if not by_itself:
        _, _, usage = os.wait4(child, 0)
    _reap()
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * unit,
        "signal": os.WTERMSIG(status) if by_itself and os.WIFSIGNALED(status) else None,
        "status": os.WEXITSTATUS(status) if by_itself and os.WIFEXITED(status) else None,
    }


def _cpu_seconds(child):
    """CPU time of the runner; 0 where the system has no such clock."""
    if not sys.platform.startswith("linux"):
        return 0.0
    try:
        return time.clock_gettime((~child << 3) | 2)  # <linux/posix-timers.h>: CPUCLOCK_SCHED of a process
    except OSError:
        return 0.0  # it has ended, and whoever listens to it is told


def _signal(kill, target):
    try:
        kill(target, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _reap():
    """What a dead runner left behind becomes a child of process 1; elsewhere the system reaps it."""
    try:
        while os.waitpid(-1, 0 if os.getpid() == 1 else os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass
