"""Runs pip, one at a time, on an environment that an earlier pip may have left half done.

Usage: TMPDIR=FOLDER python install.py LOCK_FILE PIP_ARGUMENT...

The lock is held by the process that writes the packages: when whoever started it is killed, the next set-up
waits here instead of writing beside it. A package whose files are not all there (pip was killed while it
copied them) loses its metadata, so that pip installs it again instead of taking it for complete.
"""

import fcntl
import os
import runpy
import shutil
import sys
import sysconfig
from importlib.metadata import Distribution
from pathlib import Path


def is_whole(distribution: Distribution) -> bool:
    files = distribution.files
    if not files:
        return False
    for file in files:
        if file.size is None:
            continue
        path = Path(str(file.locate()))
        if not path.is_file() or path.stat().st_size != file.size:
            return False
    return True


def main() -> None:
    lock_path, *pip_arguments = sys.argv[1:]
    lock = open(lock_path, "a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.makedirs(os.environ["TMPDIR"])
    for metadata in Path(sysconfig.get_path("purelib")).glob("*.dist-info"):
        if not is_whole(Distribution.at(metadata)):
            print(f"Repairing {metadata.stem}", flush=True)
            shutil.rmtree(metadata)
    sys.argv = ["pip", *pip_arguments]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


main()
