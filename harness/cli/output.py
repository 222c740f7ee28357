"""Output streams that outlive their reader, as in `harness compare runs/x | head`."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class _OutlivingFile(io.FileIO):
    """A file descriptor whose writes go nowhere once the reader of the pipe has ended."""

    def write(self, data: Any, /) -> int:
        """Writes data, and drops it if nobody reads any more."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def outlive_readers() -> None:
    """Lets a command finish its work, with its own exit code, after the reader of its output has ended.

    Text that the encoding of the terminal lacks is written as escapes.
    """
    sys.stdout, sys.stderr = _outliving(sys.stdout), _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # not a file: closed, or replaced by a caller
        return stream
    stream.flush()
    buffer = io.BufferedWriter(_OutlivingFile(descriptor, "w", closefd=False))
    line_buffering = stream is sys.stderr or stream.isatty()
    return io.TextIOWrapper(buffer, encoding=stream.encoding, errors="backslashreplace", line_buffering=line_buffering)
