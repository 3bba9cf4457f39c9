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


def keep(control, limits, alone):
    """Serves `start` and `end` on the control socket until it is closed.

    `start` sends the socket of a new runner; `end` kills whatever is left of it and answers
    {cpu, memory, signal, status}: CPU seconds, peak bytes, and how the runner ended by itself, if it did.
    `alone`: whether every other process that this one may signal belongs to the candidate.
    """
    isolation.hide_memory()
    while True:
        try:
            frames.receive(control.fileno(), 1 << 16)
        except (EOFError, OSError):
            return
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                ours.close()
                control.close()
                _run(theirs.detach(), limits)
            finally:
                os._exit(0)
        theirs.close()
        socket.send_fds(control, [b"r"], [ours.fileno()])
        ours.close()
        try:
            request = frames.receive(control.fileno(), 1 << 16)
        except (EOFError, OSError):
            _end(child, alone, patience=0)
            return
        # A runner that closed its channel is about to end: how it does tells why.
        frames.send(control.fileno(), _end(child, alone, patience=0.5 if request["gone"] else 0))


def _run(fd, limits):
    os.setsid()
    isolation.die_with_parent()
    isolation.limit(
        CPU=(limits["cpu_seconds"], limits["cpu_seconds"] + 1),
        AS=limits["memory_bytes"],
        FSIZE=limits["file_bytes"],
        NOFILE=limits["open_files"],
        NPROC=limits["processes"] + 1,  # this one counts too
        CORE=0,
    )
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
