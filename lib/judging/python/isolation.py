"""What keeps a candidate away from the machine. From strongest to weakest, a slot has one of three levels:

- namespaces: a read-only root of its own, no network, its own processes and IPC;
- landlock: the machine's file system, of which only Python's library can be read;
- limits: what this user may read, the candidate may read.

To each belong rlimits, a filter on system calls (seccomp.py) where the machine is known to it, control groups
(cgroups.py) where this user may make them, and, for root, unprivileged users. `Isolation.level` says what really
took effect. Outside Linux there are rlimits, and around the whole slot macOS's sandbox-exec.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import sys

import cgroups
import landlock
import library
import seccomp

_NEWNS, _NEWUTS, _NEWIPC = 0x20000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38

_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True)

# Judge, leader, supervisor and keeper are processes too, where one user runs them all.
_OUR_PROCESSES = 4
# Python, the keeper and what the kernel counts for them.
_OUR_MEMORY = 64 << 20


class Refused(Exception):
    """The level of isolation that is asked for cannot be had here."""


class _Unavailable(Exception):
    """The kernel refused a step."""


class Isolation:
    """The steps, in the order in which the supervisor and its children take them.

    `slot`: a number per supervisor, so that limits on processes of a user do not add up over slots.
    `sandbox`: auto (the strongest level but limits), namespaces, landlock or limits.
    """

    def __init__(self, slot, sandbox, limits):
        self._slot = slot
        self._sandbox = sandbox
        self._limits = limits
        self._root_user = os.getuid() == 0
        # Two users per slot: one for the candidate and one for the process that knows the expected values.
        self._reserved, user = _reserve_user(slot) if self._root_user else (None, os.getuid())
        self._candidate_user = user
        self._judge_user = self._candidate_user + 1 if self._root_user else os.getuid()
        self._namespaces = self._landlock = self._seccomp = False
        self._group = None
        self._library = None

    def prepare(self):
        """Puts up the walls around a slot. Raises Refused."""
        if _LINUX:
            self._group = cgroups.make(
                self._slot, self._limits["memory_bytes"] + _OUR_MEMORY, self._limits["processes"] + 2
            )
            self._seccomp = _works(seccomp.install)
            reason = None
            if self._sandbox in ("auto", "namespaces"):
                reason = self._enter_namespaces()
            if not self._namespaces:
                self._library = library.Library()
            if not self._namespaces and self._sandbox in ("auto", "landlock"):
                # Landlock watches over files; what is left of a machine needs the filter.
                self._landlock = self._seccomp and _works(lambda: landlock.restrict(self.library()))
            if not self._namespaces and not self._landlock and self._sandbox != "limits":
                self.close()
                raise Refused(_refusal(self._sandbox, reason))
            if self._library is not None and self._root_user:
                self._library.keep_importable()
        os.chdir("/")

    @property
    def level(self):
        parts = {
            "namespaces": self._namespaces,
            "landlock": self._landlock,
            "seccomp": self._seccomp,
            "cgroups": self._group is not None,
            "unprivileged user": self._root_user,
        }
        return "+".join([*(name for name, there in parts.items() if there), "rlimits"])

    @property
    def alone(self):
        """Whether every other process that a candidate's keeper may signal belongs to the candidate."""
        return self._namespaces or (self._root_user and self._reserved is not None)

    def close(self):
        if self._group is not None:
            self._group.remove()

    def enter_process_namespace(self):
        """The next child becomes process 1 of a namespace that ends with it."""
        if self._namespaces:
            _check(_libc.unshare(_NEWPID), "own processes")

    def descriptors(self):
        """Open files that the keeper needs, and a candidate must not have."""
        return self._group.descriptors() if self._group is not None else []

    def library(self):
        """Open folders that judge and candidate read Python's library through; none where they have a root of their own."""
        return self._library.descriptors() if self._library is not None else []

    def join_group(self):
        if self._group is not None:
            self._group.join()

    def memory_kills(self):
        return self._group.memory_kills() if self._group is not None else 0

    def become_judge(self):
        self._become(self._judge_user)

    def become_candidate(self):
        self._become(self._candidate_user)

    def confine(self):
        """The last step before code of others runs in this process."""
        if self._landlock:
            _check(0 if landlock.restrict(self.library()) else -1, "landlock")
        if self._seccomp:
            _check(0 if seccomp.install() else -1, "seccomp")

    def limit_candidate(self, limits):
        """Sets the rlimits of a case for this process."""
        seconds = limits["cpu_seconds"]
        limit(
            CPU=(seconds, seconds + 1),
            AS=limits["memory_bytes"],
            FSIZE=0,
            NOFILE=limits["open_files"],
            CORE=0,
            MSGQUEUE=0,
            MEMLOCK=0,
        )
        # Elsewhere the limit would count all processes of the person who judges.
        if self._root_user or self._namespaces:
            limit(NPROC=limits["processes"] + (1 if self._root_user else 1 + _OUR_PROCESSES))

    def _enter_namespaces(self):
        """Own mounts, network, IPC and host name, with a small root; the reason why not, where the kernel refuses."""
        flags = _NEWNS | _NEWNET | _NEWIPC | _NEWUTS | (0 if self._root_user else _NEWUSER)
        if not _works(lambda: _libc.unshare(flags | _NEWPID) == 0):
            return "the kernel refuses namespaces to this user"
        try:
            user, group = os.getuid(), os.getgid()
            _check(_libc.unshare(flags), "namespaces")
            if not self._root_user:
                for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
                    with open(f"/proc/self/{name}", "w") as file:
                        file.write(text)
            _mount(None, "/", flags=_MS_REC | _MS_PRIVATE)
            _build_root()
        except (_Unavailable, OSError) as error:
            return str(error)
        self._namespaces = True
        return None

    def _become(self, user):
        """Gives up every privilege for good."""
        if self._root_user:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        elif self._namespaces:
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
        if _LINUX:
            _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def _refusal(sandbox, reason):
    if sandbox == "landlock":
        return "this kernel has no Landlock (Linux 5.13 has), or refuses it"
    alternative = ", and there is no Landlock" if sandbox == "auto" else ""
    return f"there are no namespaces ({reason}){alternative}"


def _build_root():
    """A read-only tmpfs with Python's library and the system's shared libraries, and nothing to write on."""
    libraries = library.paths()
    # Any folder will do that hides none of the libraries: only this slot sees it covered.
    root = next(
        place
        for place in ("/mnt", "/tmp", "/var", "/run", "/srv")
        if os.path.isdir(place) and not any(path.startswith(f"{place}/") for path in libraries)
    )
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,nr_inodes=1024,mode=755")
    for path in libraries:
        target = root + path
        if os.path.islink(path):
            os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
            os.symlink(os.readlink(path), target)
        elif os.path.isdir(path) and not os.path.isdir(target):
            os.makedirs(target, mode=0o755)
            _mount(path, target, flags=_MS_BIND | _MS_REC)
            _mount(None, target, flags=_MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.mkdir(root + "/dev", 0o755)
    for device in ("null", "zero", "urandom", "random"):
        with open(f"{root}/dev/{device}", "w"):
            pass
        _mount(f"/dev/{device}", f"{root}/dev/{device}", flags=_MS_BIND)
    _mount(None, root, flags=_MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    _change_root(root)


def _change_root(root):
    os.chdir(root)
    call = _PIVOT_ROOT.get(os.uname().machine)
    if call is not None and _libc.syscall(call, b".", b".") == 0:
        _check(_libc.umount2(b".", _MNT_DETACH), "leaving the old root")
    else:
        os.chroot(".")  # an initial RAM disk as root cannot be pivoted away
    os.chdir("/")


def _check(result, step):
    if result != 0:
        raise _Unavailable(f"{step}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: text.encode() if text is not None else None
    result = _libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data))
    _check(result, f"mount {target}")


def _works(step):
    """Whether a step that cannot be taken back works: a child tries it."""
    child = os.fork()
    if child == 0:
        worked = False
        try:
            _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            worked = step()
        finally:
            os._exit(0 if worked else 1)
    return os.waitpid(child, 0)[1] == 0


def _reserve_user(slot):
    """(what keeps it, the first of two neighbouring user ids that no other slot of this machine has).

    A name of an abstract socket belongs to one process, and is free again when that ends, however it does.
    """
    try:
        with open("/proc/self/uid_map") as file:
            mapped = max(int(line.split()[0]) + int(line.split()[2]) for line in file)
    except OSError:
        mapped = 1 << 16
    # Ids that nobody is likely to have; containers may map few.
    first, count = (0x60000000, 1 << 27) if mapped > 0x7FFFFFFF else (60_000, 2000)
    for attempt in range(count if _LINUX else 0):
        user = first + 2 * ((slot + attempt) % count)
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0codepref-judging-{user}")
            return holder, user
        except OSError as error:
            holder.close()
            if error.errno != errno.EADDRINUSE:
                break
    return None, first + 2 * (slot % count)


def die_with_parent(parent):
    """So that no process outlives a supervisor that was killed. `parent`: its id, known before the fork."""
    if _LINUX:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # It may have gone before; the first process of a namespace sees 0 in any case.
        if os.getppid() not in (parent, 0):
            os._exit(1)


def hide_memory():
    """No process of the same user may read this one's memory."""
    if _LINUX:
        _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit(**limits):
    """Sets rlimits by name: limit(CPU=(5, 6), AS=1 << 29). What the system does not know is left out."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        soft, hard = value if isinstance(value, tuple) else (value, value)
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):
            # macOS refuses some limits on address space; the wall clock still ends the run.
            continue
