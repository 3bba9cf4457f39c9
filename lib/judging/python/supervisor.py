"""One judging slot: takes jobs on standard input, answers on standard output, one at a time.

The supervisor never sees a job: it reads one marker byte and forks a warm interpreter, which becomes the judge
(reads the job, knows the expected values) beside a keeper (starts the candidate's processes). So nothing of one
job is left for the next, and no expected value is in memory that a candidate's process inherits.

usage: supervisor.py SLOT FOLDER JOB_SECONDS
"""

# Loaded once, so that judged code and question helpers start warm.
import bisect, cmath, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools  # noqa: E401, F401
import hashlib, heapq, itertools, math, operator, queue, random, re, statistics, string  # noqa: E401, F401
import textwrap, threading, typing, zlib  # noqa: E401, F401

import gc
import os
import shutil
import signal
import socket
import sys
import time

import frames
import isolation
import judge
import keeper
import structures

_JOB_BYTES = 64 << 20


def main():
    slot, folder, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    structures.install()
    gc.freeze()
    while os.read(0, 1):
        leader = os.fork()
        if leader == 0:
            _exit_after(lambda: _lead(isolation.Isolation(slot, folder)))
        in_time = _wait(leader, seconds)
        _empty(folder)
        if not in_time:
            sys.exit("a job took too long")


def _lead(isolated):
    """Puts up the walls, starts judge and keeper within them, and waits for the judge."""
    isolation.die_with_parent()
    if not isolated.enter_namespaces():
        os.chdir(isolated.folder)
        if isolated.root_user:
            os.chown(isolated.folder, isolated.candidate_user, -1)
    judge_end, keeper_end = socket.socketpair()
    answer = os.dup(1)
    judging = os.fork()
    if judging == 0:
        keeper_end.close()
        _exit_after(lambda: _judge(isolated, judge_end, answer))
    isolated.enter_process_namespace()
    keeping = os.fork()
    if keeping == 0:
        judge_end.close()
        _exit_after(lambda: _keep(isolated, keeper_end))
    judge_end.close()
    keeper_end.close()
    _, status = os.waitpid(judging, 0)
    os.kill(keeping, signal.SIGKILL)
    os.waitpid(keeping, 0)
    if status != 0:
        frames.send(answer, {"failed": f"the judging process ended with {_reason(status)}"})


def _judge(isolated, control, answer):
    job = frames.receive(0, _JOB_BYTES)
    _redirect(keep=(control.fileno(), answer))
    limits = job["limits"]
    isolated.become(isolated.judge_user)
    isolation.die_with_parent()
    isolation.hide_memory()
    isolation.limit(AS=4 << 30, CPU=limits["job_seconds"], FSIZE=0, CORE=0)
    frames.send(control.fileno(), limits)
    # The level is known when the keeper stands: it may fail to get a process namespace of its own.
    level = frames.receive(control.fileno(), 1 << 16)
    try:
        result = judge.judge(job, control)
        result["isolation"] = level
    except judge.HarnessError as error:
        result = {"harness_error": str(error)}
    frames.send(answer, result)


def _keep(isolated, control):
    _redirect(keep=(control.fileno(),))
    isolated.become(isolated.candidate_user)
    isolation.die_with_parent()
    limits = frames.receive(control.fileno(), 1 << 16)
    frames.send(control.fileno(), isolated.level)
    keeper.keep(control, limits, alone=isolated.namespaces or isolated.root_user)


def _redirect(keep):
    """Standard streams to nowhere, every other descriptor closed but those to keep."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    last = 3
    for fd in sorted(keep):
        os.closerange(last, fd)
        last = fd + 1
    os.closerange(last, 1024)


def _exit_after(work):
    status = 1
    try:
        work()
        status = 0
    except MemoryError:
        status = 2
    finally:
        os._exit(status)


def _wait(child, seconds):
    """Waits for the child; kills it, and with it its children, after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.01)
    return True


def _empty(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)


def _reason(status):
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit code {os.WEXITSTATUS(status)}"


main()
