"""What keeps a candidate away from the machine: namespaces, a root of its own, an unprivileged user, limits.

Linux only where namespaces are concerned; elsewhere, and where the kernel refuses, what is left is limits and
a process group. `Isolation.level` says what really took effect.
"""

import ctypes
import os
import resource
import signal
import sys
import sysconfig

_NEWNS, _NEWUTS, _NEWIPC = 0x20000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38

_libc = ctypes.CDLL(None, use_errno=True)


class IsolationError(Exception):
    """The kernel refused a step."""


def _check(result, step):
    if result != 0:
        raise IsolationError(f"{step}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: text.encode() if text is not None else None
    result = _libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data))
    _check(result, f"mount {target}")


class Isolation:
    """The steps, in the order in which the supervisor's children take them.

    `slot`: a number per supervisor, so that limits on processes of a user do not add up over slots.
    `folder`: an empty folder that becomes the root, or, without namespaces, the place to work in.
    """

    def __init__(self, slot, folder):
        self.folder = folder
        self.root_user = os.getuid() == 0
        # Two users per slot: one for the candidate and one for the process that knows the expected values.
        self.candidate_user = _free_user(slot) if self.root_user else os.getuid()
        self.judge_user = self.candidate_user + 1 if self.root_user else os.getuid()
        self.namespaces = False

    @property
    def level(self):
        parts = ["namespaces"] if self.namespaces else []
        if self.root_user:
            parts.append("unprivileged user")
        return "+".join([*parts, "rlimits"])

    def enter_namespaces(self):
        """Own mounts, network, IPC and host name, with a small root; False where the kernel refuses."""
        if not sys.platform.startswith("linux"):
            return False
        user, group = os.getuid(), os.getgid()
        flags = _NEWNS | _NEWNET | _NEWIPC | _NEWUTS | (0 if self.root_user else _NEWUSER)
        if _libc.unshare(flags) != 0:
            return False
        try:
            if not self.root_user:
                for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
                    with open(f"/proc/self/{name}", "w") as file:
                        file.write(text)
            _mount(None, "/", flags=_MS_REC | _MS_PRIVATE)
            self._build_root()
        except (IsolationError, OSError):
            return False
        self.namespaces = True
        return True

    def _build_root(self):
        """A tmpfs with Python's library and the system's shared libraries, read-only, and a small /tmp."""
        root = self.folder
        _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=32m,nr_inodes=4096,mode=755")
        for path in _library_paths():
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
        work = root + "/tmp"
        os.mkdir(work)
        _mount("tmpfs", work, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=16m,nr_inodes=1024,mode=1777")
        _mount(None, root, flags=_MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
        os.chroot(root)
        os.chdir("/tmp")

    def enter_process_namespace(self):
        """The next child becomes process 1 of a namespace that ends with it."""
        if self.namespaces and _libc.unshare(_NEWPID) != 0:
            self.namespaces = False

    def become(self, user):
        """Gives up every privilege for good."""
        if self.root_user:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        elif self.namespaces:
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
        if sys.platform.startswith("linux"):
            _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _free_user(slot):
    """The first of two neighbouring user ids that nobody is likely to have; containers may map few."""
    try:
        with open("/proc/self/uid_map") as file:
            mapped = max(int(line.split()[0]) + int(line.split()[2]) for line in file)
    except OSError:
        mapped = 1 << 16
    return 0x60000000 + 2 * slot if mapped > 0x7FFFFFFF else 60_000 + 2 * (slot % 2000)


def die_with_parent():
    """So that no process outlives a supervisor that was killed."""
    if sys.platform.startswith("linux"):
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hide_memory():
    """No process of the same user may read this one's memory."""
    if sys.platform.startswith("linux"):
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


def _library_paths():
    python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    libraries = [os.path.join(sys.base_prefix, "lib")] if sysconfig.get_config_var("Py_ENABLE_SHARED") else []
    return ["/usr/lib", "/usr/lib64", "/lib", "/lib64", *libraries, *dict.fromkeys(python)]
