"""Length-prefixed JSON messages between the judge's processes."""

import json
import os
import select
import struct
import time

_HEADER = struct.Struct(">I")


class FrameError(Exception):
    """The other side sent something that is no frame, or one over the limit."""


def send(fd, message):
    """Writes one message to the file descriptor; raises OSError when the other side is gone."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    _write(fd, _HEADER.pack(len(body)))
    _write(fd, body)


def receive(fd, limit, deadline=None):
    """One message of at most `limit` bytes.

    Raises EOFError when the other side closed, TimeoutError past `deadline` (time.monotonic()), FrameError
    when the message is too long or no JSON.
    """
    (length,) = _HEADER.unpack(_read(fd, _HEADER.size, deadline))
    if length > limit:
        raise FrameError(f"a message of {length} bytes is over the limit of {limit}")
    body = _read(fd, length, deadline)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {type(error).__name__}") from None


def _write(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def _read(fd, length, deadline):
    parts = []
    while length > 0:
        if deadline is not None:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([fd], [], [], wait)[0]:
                raise TimeoutError
        part = os.read(fd, min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
