"""Python's library, for processes that must not read anything else of the machine.

Where root judges, solutions run as a user who cannot walk to what lies below a folder that is closed to others, such
as /root. A descriptor that root opened leads there all the same, as /proc/self/fd/N.
"""

import os
import sys
import sysconfig


def paths():
    """The folders of Python's library and of the shared libraries that it needs."""
    python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    shared = [os.path.join(sys.base_prefix, "lib")] if sysconfig.get_config_var("Py_ENABLE_SHARED") else []
    return ["/usr/lib", "/usr/lib64", "/lib", "/lib64", *shared, *dict.fromkeys(python)]


class Library:
    """The folders of `paths()`, opened; Linux alone."""

    def __init__(self):
        self._held = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths() if os.path.isdir(path)}

    def descriptors(self):
        return list(self._held.values())

    def keep_importable(self):
        """From now on imports go through the descriptors where others cannot walk to the folders."""
        sys.path[:] = [self._reachable(entry) for entry in sys.path]
        sys.path_importer_cache.clear()

    def _reachable(self, entry):
        for path, fd in self._held.items():
            if (entry == path or entry.startswith(f"{path}/")) and _closed_to_others(path):
                return f"/proc/self/fd/{fd}{entry[len(path):]}"
        return entry


def _closed_to_others(path):
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return True
        path = os.path.dirname(path)
    return False
