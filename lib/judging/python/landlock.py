"""Landlock (Linux 5.13): takes the file system away from a process but for reading below some folders."""

import ctypes
import os
import struct

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR, _EVERY_ACCESS = 1 << 2, 1 << 3, (1 << 13) - 1
_RULE_PATH_BENEATH = 1


def restrict(folders):
    """Leaves this process nothing but reading below `folders`, for good; it must have given up new privileges.

    `folders`: descriptors.

    False where the kernel does not know Landlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handled = struct.pack("Q", _EVERY_ACCESS)
    rules = libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return False
    try:
        for folder in folders:
            rule = struct.pack("=Qi", _READ_FILE | _READ_DIR, folder)
            if libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, rule, 0) != 0:
                return False
        return libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)
