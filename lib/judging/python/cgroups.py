"""A control group for the candidates of one slot: a ceiling on their memory and processes together.

Version 1 hierarchies and version 2 alike, where this user may make groups; version 2 is untested.
"""

import os
import re
import time


class Group:
    """A group per controller (version 1), or one for both (version 2)."""

    def __init__(self):
        self._made = []  # (descriptor of the parent folder, name)
        self._entries = []
        self._events = None

    def descriptors(self):
        return [*self._entries, self._events]

    def join(self):
        """Moves the calling process into the group; its children are born there."""
        for fd in self._entries:
            os.write(fd, b"0")

    def memory_kills(self):
        """How often the kernel ended a process of the group because its memory was used up."""
        text = os.pread(self._events, 4096, 0).decode()
        found = re.search(r"^oom_kill (\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def remove(self):
        """Removes the group once its last process is gone."""
        for parent, name in self._made:
            for _ in range(50):
                try:
                    os.rmdir(name, dir_fd=parent)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)

    def _add(self, parent, name, limits, events):
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _remove_stale(parent)
        os.mkdir(name, dir_fd=descriptor)
        self._made.append((descriptor, name))
        folder = os.path.join(parent, name)
        for file, value in limits.items():
            with open(os.path.join(folder, file), "w") as limit:
                limit.write(str(value))
        self._entries.append(os.open(os.path.join(folder, "cgroup.procs"), os.O_WRONLY | os.O_CLOEXEC))
        if events:
            self._events = os.open(os.path.join(folder, events), os.O_RDONLY | os.O_CLOEXEC)


def make(slot, memory_bytes, processes):
    """A group with these ceilings; None where this user may make none."""
    name = f"codepref-{os.getpid()}-{slot}"
    for attempt in (_version_1, _version_2):
        group = Group()
        try:
            if attempt(group, name, memory_bytes, processes):
                return group
        except OSError:
            pass
        group.remove()
    return None


def _version_1(group, name, memory_bytes, processes):
    memory, pids = _own_folder("cgroup", "memory"), _own_folder("cgroup", "pids")
    if memory is None or pids is None:
        return False
    group._add(memory, name, {"memory.limit_in_bytes": memory_bytes}, "memory.oom_control")
    group._add(pids, name, {"pids.max": processes}, None)
    return True


def _version_2(group, name, memory_bytes, processes):
    own = _own_folder("cgroup2", None)
    if own is None:
        return False
    # A group with processes of its own hands no controllers on; then its parent may.
    for parent in (own, os.path.dirname(own)):
        try:
            with open(os.path.join(parent, "cgroup.subtree_control")) as file:
                controllers = file.read().split()
        except OSError:
            continue
        if {"memory", "pids"} <= set(controllers):
            limits = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": processes}
            group._add(parent, name, limits, "memory.events")
            return True
    return False


def _own_folder(kind, controller):
    """The folder of this process's group in the hierarchy of a controller."""
    mounted = _mount_point(kind, controller)
    path = _own_path(controller)
    if mounted is None or path is None:
        return None
    root, point = mounted
    relative = os.path.relpath(path, root)
    return None if relative.startswith("..") else os.path.normpath(os.path.join(point, relative))


def _own_path(controller):
    with open("/proc/self/cgroup") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if controllers == "" if controller is None else controller in controllers.split(","):
                return path
    return None


def _mount_point(kind, controller):
    with open("/proc/self/mountinfo") as file:
        for line in file:
            place, _, rest = line.partition(" - ")
            found, _, options = rest.split(" ", 2)
            if found == kind and (controller is None or controller in options.strip().split(",")):
                return tuple(place.split(" ")[3:5])
    return None


def _remove_stale(parent):
    """Groups of supervisors that were killed."""
    for entry in os.listdir(parent):
        found = re.fullmatch(r"codepref-(\d+)-\d+", entry)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            try:
                os.rmdir(os.path.join(parent, entry))
            except OSError:
                continue
