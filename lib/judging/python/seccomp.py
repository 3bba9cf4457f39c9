"""A filter on system calls for processes that run code of others: what a Python program needs to compute, and
nothing to make processes, files or connections with.

A list of what is allowed: calls that are not in it fail with ENOSYS, also those that later kernels will have.
Numbers are of <asm/unistd_64.h> (x86_64) and <asm-generic/unistd.h> (aarch64).
"""

import ctypes
import errno
import os
import struct
import sys

# name: (x86_64, aarch64)
_ALLOWED = {
    # files, for reading alone (`open` is below)
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "close": (3, 57), "close_range": (436, 436), "fstat": (5, 80), "newfstatat": (262, 79),
    "stat": (4, None), "lstat": (6, None), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44),
    "lseek": (8, 62), "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "fadvise64": (221, 223),
    "umask": (95, 166),
    # pipes, socket pairs and waiting for them; no sockets
    "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None), "ppoll": (271, 73), "select": (23, None),
    "pselect6": (270, 72), "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "eventfd2": (290, 19), "socketpair": (53, 199),
    "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211), "recvmsg": (47, 212), "shutdown": (48, 210),
    "getsockopt": (55, 209), "setsockopt": (54, 208), "getsockname": (51, 204),
    # memory
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214),
    # threads and signals (`clone` and `kill` are below)
    "futex": (202, 98), "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293),
    "set_tid_address": (218, 96), "arch_prctl": (158, None), "membarrier": (324, 283), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "getpriority": (140, 141), "getcpu": (309, 168),
    # time
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "setitimer": (38, 103),
    "getitimer": (36, 102), "alarm": (37, None),
    # what a process may know of itself, and its end
    "getrusage": (98, 165), "getrlimit": (97, 163), "getpid": (39, 172),
    "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getpgrp": (111, None), "getpgid": (121, 155), "getsid": (124, 156),
    "getgroups": (115, 158), "getresuid": (118, 148), "getresgid": (120, 150), "getrandom": (318, 278),
    "uname": (63, 160), "sysinfo": (99, 179), "exit": (60, 93), "exit_group": (231, 94),
    "restart_syscall": (219, 128),
}
_OPEN, _OPENAT, _CLONE, _IOCTL = (2, None), (257, 56), (56, 220), (16, 29)
_FCNTL = (72, 25)
_KILL, _TGKILL, _PRLIMIT = (62, 129), (234, 131), (302, 261)

# column of the tables, AUDIT_ARCH
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_WRITING = 0x1 | 0x2 | 0x40 | 0x200  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_CLONE_THREAD, _CLONE_NEW = 0x10000, 0x7E020000
_SIGNALLING_FCNTLS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: the kernel would signal others for the caller
_HARMLESS_IOCTLS = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX


def install():
    """Filters this process for good; it must have given up new privileges. False where that cannot be done."""
    machine = _MACHINES.get(os.uname().machine) if sys.platform.startswith("linux") else None
    if machine is None or sys.maxsize < 1 << 32:
        return False
    program = _program(*machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    filter_program = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, filter_program, 0, 0) == 0


def _program(column, architecture, pid):
    program = [
        _load(_ARCHITECTURE),
        _jump(_JUMP_EQUAL, architecture, 1, 0),
        _return(_KILL_PROCESS),
        _load(_NUMBER),
    ]
    for numbers in _ALLOWED.values():
        program += _call(numbers[column], [_return(_ALLOW)])
    for numbers, argument in ((_OPEN, 1), (_OPENAT, 2)):
        program += _call(numbers[column], [_load_argument(argument), *_unless(_WRITING, errno.EROFS)])
    program += _call(_CLONE[column], [
        _load_argument(0),
        _jump(_JUMP_SET, _CLONE_NEW, 1, 0),
        _jump(_JUMP_SET, _CLONE_THREAD, 1, 0),
        _return(_ERRNO | errno.EPERM),
        _return(_ALLOW),
    ])
    for numbers in (_KILL, _TGKILL):
        program += _call(numbers[column], [_load_argument(0), *_among((pid,), errno.EPERM)])
    program += _call(_PRLIMIT[column], [_load_argument(0), *_among((0, pid), errno.EPERM)])
    program += _call(_FCNTL[column], [_load_argument(1), *_but(_SIGNALLING_FCNTLS, errno.EPERM)])
    program += _call(_IOCTL[column], [_load_argument(1), *_among(_HARMLESS_IOCTLS, errno.ENOTTY)])
    return [*program, _return(_ERRNO | errno.ENOSYS)]


def _call(number, block):
    """The block, which ends with a return on every path, for this system call."""
    return [] if number is None else [_jump(_JUMP_EQUAL, number, 0, len(block)), *block]


def _among(values, error):
    """Allows what was loaded when it is one of the values."""
    allowed = [i for value in values for i in (_jump(_JUMP_EQUAL, value, 0, 1), _return(_ALLOW))]
    return [*allowed, _return(_ERRNO | error)]


def _but(values, error):
    """Allows what was loaded unless it is one of the values."""
    denied = [i for value in values for i in (_jump(_JUMP_EQUAL, value, 0, 1), _return(_ERRNO | error))]
    return [*denied, _return(_ALLOW)]


def _unless(mask, error):
    """Allows what was loaded when none of the mask's bits is set."""
    return [_jump(_JUMP_SET, mask, 0, 1), _return(_ERRNO | error), _return(_ALLOW)]


def _load(offset):
    return struct.pack("HBBI", _LOAD, 0, 0, offset)


def _load_argument(index):
    return _load(16 + 8 * index)  # the low half, on little-endian machines


def _jump(kind, value, true, false):
    return struct.pack("HBBI", kind, true, false, value)


def _return(value):
    return struct.pack("HBBI", _RETURN, 0, 0, value)
