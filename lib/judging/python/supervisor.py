"""One judging slot: takes jobs on standard input, answers on standard output, one at a time.

The supervisor never sees a job: it reads one marker byte and forks a warm interpreter, which becomes the judge
(reads the job, knows the expected values) beside a keeper (starts the candidate's processes). So nothing of one
job is left for the next, and no expected value is in memory that a candidate's process inherits.

usage: supervisor.py SETTINGS, a JSON object {slot, sandbox, limits}. The first answer is {isolation}, or {refused}.
"""

# Loaded once, so that judged code and question helpers start warm.
import bisect, cmath, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools  # noqa: E401, F401
import hashlib, heapq, itertools, math, operator, queue, random, re, statistics, string  # noqa: E401, F401
import textwrap, threading, typing, zlib  # noqa: E401, F401

import gc
import json
import mmap
import os
import select
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
_GRACE_SECONDS = 5


def main():
    settings = json.loads(sys.argv[1])
    limits = settings["limits"]
    isolated = isolation.Isolation(settings["slot"], settings["sandbox"], limits)
    try:
        isolated.prepare()
    except isolation.Refused as refused:
        frames.send(1, {"refused": str(refused)})
        return
    frames.send(1, {"isolation": isolated.level})
    structures.install()
    gc.freeze()
    supervisor = os.getpid()
    try:
        while os.read(0, 1):
            leader = os.fork()
            if leader == 0:
                _exit_after(lambda: _lead(isolated, supervisor))
            # A leader that failed has left the streams nobody knows where.
            if _wait(leader, limits["job_seconds"] + _GRACE_SECONDS) != 0:
                break
    finally:
        isolated.close()


def _lead(isolated, supervisor):
    """Starts judge and keeper, and waits for the judge."""
    isolation.die_with_parent(supervisor)
    leader = os.getpid()
    judge_end, keeper_end = socket.socketpair()
    answer = os.dup(1)
    progress = judge.Progress(mmap.mmap(-1, mmap.PAGESIZE))
    judging = os.fork()
    if judging == 0:
        keeper_end.close()
        _exit_after(lambda: _judge(isolated, judge_end, answer, progress, leader))
    isolated.enter_process_namespace()
    keeping = os.fork()
    if keeping == 0:
        judge_end.close()
        _exit_after(lambda: _keep(isolated, keeper_end, leader))
    judge_end.close()
    keeper_end.close()
    _, status = os.waitpid(judging, 0)
    os.kill(keeping, signal.SIGKILL)
    os.waitpid(keeping, 0)
    if status != 0:
        frames.send(answer, {"died": _reason(status), **progress.read()})


def _judge(isolated, control, answer, progress, leader):
    job = frames.receive(0, _JOB_BYTES)
    _redirect(keep=(control.fileno(), answer, *isolated.library()))
    limits = job["limits"]
    isolated.become_judge()
    isolation.die_with_parent(leader)
    isolation.hide_memory()
    isolation.limit(AS=2 << 30, FSIZE=0, CORE=0)
    isolated.confine()
    try:
        judge.tell(control, limits)
        result = judge.judge(job, control, progress)
    except judge.HarnessError as error:
        result = {"harness_error": str(error)}
    except judge.Fault as fault:
        result = {"fault": str(fault)}
    frames.send(answer, result)


def _keep(isolated, control, leader):
    _redirect(keep=(control.fileno(), *isolated.descriptors(), *isolated.library()))
    try:
        isolated.join_group()
        isolated.become_candidate()
        isolation.die_with_parent(leader)
        keeper.keep(control, isolated, frames.receive(control.fileno(), 1 << 16))
    except Exception as error:
        keeper.report(control, error)


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
    """The child's status; kills it, and with it its children, after `seconds` or when nobody waits for answers."""
    deadline = time.monotonic() + seconds
    poller = select.poll()
    poller.register(0, 0)  # tells when the other side has gone, whatever is left to read
    exited = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    if exited is not None:
        poller.register(exited, select.POLLIN)
    try:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended == child:
                return status
            left = deadline - time.monotonic()
            gone = any(fd == 0 for fd, _ in poller.poll(max(0, left) * 1000 if exited is not None else 2))
            if gone or left <= 0:
                os.kill(child, signal.SIGKILL)
                return os.waitpid(child, 0)[1]
    finally:
        if exited is not None:
            os.close(exited)


def _reason(status):
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return {2: "MemoryError"}.get(os.WEXITSTATUS(status), f"exit code {os.WEXITSTATUS(status)}")


main()
