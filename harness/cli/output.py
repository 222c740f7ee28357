"""Output streams that no text of others acts on, and that outlive their reader, as in `harness diff a b | head`."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO, cast

from harness.guarded_stream import GuardedStream
from harness.text_tables import escape_json


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


def guard_streams() -> None:
    """Guards stdout and stderr, and lets a command finish, with its own exit code, after their reader has ended.

    Text that the encoding of the terminal lacks is written as escapes. A stream that is closed drops what it gets.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: the next file that is opened would take its place, and get what a library prints
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def printed_json(text: str) -> str:
    """Returns a JSON document as stdout takes it: what it cannot show, or its encoding lacks, as escapes of JSON."""
    return escape_json(text, sys.stdout.encoding or "utf-8")


def _guarded(stream: TextIO | None) -> TextIO:
    # Python has None for a stream that is closed, as after `2>&-`.
    file = Path(os.devnull).open("w", encoding="utf-8") if stream is None else _outliving(stream)  # noqa: SIM115
    return cast("TextIO", GuardedStream(file))


def _outliving(stream: TextIO) -> TextIO:
    try:
        descriptor = stream.fileno()
        stream.flush()
    except (AttributeError, OSError, ValueError):  # not a file: closed, or replaced by a caller
        return stream
    buffer = io.BufferedWriter(_OutlivingFile(descriptor, "w", closefd=False))
    line_buffering = stream is sys.stderr or stream.isatty()
    return io.TextIOWrapper(buffer, encoding=stream.encoding, errors="backslashreplace", line_buffering=line_buffering)
